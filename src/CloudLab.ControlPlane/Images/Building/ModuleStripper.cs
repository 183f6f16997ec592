using System.Buffers.Binary;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>Removes from a kernel module what loading it doesn't need: every instruction a guest saves here is saved at each boot.</summary>
/// <remarks>
/// A module is an ELF64 relocatable file, sometimes with a signature behind it. What goes: the signature (checking one costs a
/// guest more than the rest of its boot), the sections <c>.debug*</c>, <c>.BTF*</c> and <c>.comment</c> with their relocations, and
/// the compiler's local labels (<c>.L…</c>) that no relocation names: on RISC-V, where every branch target may have one, they
/// are nine tenths of ext4. What stays keeps its section index: a removed section becomes SHT_NULL, so that only symbol indices
/// change. The names are those of the ELF specification, chapters "Sections" and "Symbol Table".
/// </remarks>
internal static class ModuleStripper
{
    private const int HeaderSize = 64;
    private const int SectionSize = 64;
    private const int SymbolSize = 24;
    private const int RelaSize = 24;

    private const uint SHT_NULL = 0;
    private const uint SHT_SYMTAB = 2;
    private const uint SHT_RELA = 4;
    private const uint SHT_NOBITS = 8;
    private const uint SHT_REL = 9;
    private const uint SHT_GROUP = 17;
    private const uint SHT_SYMTAB_SHNDX = 18;
    private const ushort ET_REL = 1;
    private const uint MaxSections = 0xFF00;

    /// <exception cref="InvalidDataException">Not a little-endian ELF64 relocatable file, or one whose tables don't hold together.</exception>
    public static byte[] Strip(ReadOnlySpan<byte> module)
    {
        var elf = Read(module);
        var symbols = Array.FindIndex(elf.Sections, section => section.Type == SHT_SYMTAB);
        foreach (var section in elf.Sections)
        {
            // Sections that speak of symbol or section indices in other ways; no kernel module has them.
            if (section.Type is SHT_REL or SHT_GROUP or SHT_SYMTAB_SHNDX)
                throw new InvalidDataException($"A kernel module has a section of type {section.Type}.");
        }

        RemoveDebugSections(elf);
        if (symbols > 0 && elf.Sections[symbols].Link != elf.NamesIndex)
            RemoveLabels(elf, symbols);
        return Write(module[..HeaderSize], elf.Sections);
    }

    private static Elf Read(ReadOnlySpan<byte> module)
    {
        if (module.Length < HeaderSize || !module.StartsWith("\u007fELF\u0002\u0001\u0001"u8)
            || BinaryPrimitives.ReadUInt16LittleEndian(module[16..]) != ET_REL)
            throw new InvalidDataException("A kernel module isn't a 64-bit relocatable ELF file.");

        var table = BinaryPrimitives.ReadUInt64LittleEndian(module[40..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(module[60..]);
        var names = BinaryPrimitives.ReadUInt16LittleEndian(module[62..]);
        if (count == 0 || count >= MaxSections || names >= count)
            throw new InvalidDataException("A kernel module has no usable section table.");

        var headers = Slice(module, table, (ulong)count * SectionSize);
        var sections = new Section[count];
        for (var i = 0; i < count; i++)
        {
            var header = headers.Slice(i * SectionSize, SectionSize).ToArray();
            var type = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(24));
            var size = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32));
            sections[i] = new(header, type is SHT_NULL or SHT_NOBITS ? [] : Slice(module, offset, size).ToArray());
        }

        return new(sections, sections[names].Content, names);
    }

    private static void RemoveDebugSections(Elf elf)
    {
        for (var i = 1; i < elf.Sections.Length; i++)
        {
            var name = Text(elf.Names, elf.Sections[i].Name);
            if (name.StartsWith(".debug"u8) || name.StartsWith(".BTF"u8) || name.SequenceEqual(".comment"u8))
                elf.Sections[i].Remove();
        }

        foreach (var section in elf.Sections)
        {
            if (section.Type == SHT_RELA && (section.Info >= elf.Sections.Length || elf.Sections[section.Info].Type == SHT_NULL))
                section.Remove();
        }
    }

    private static void RemoveLabels(Elf elf, int index)
    {
        var table = elf.Sections[index];
        var count = table.Content.Length / SymbolSize;
        if (table.Link == 0 || table.Link >= elf.Sections.Length || table.Info > count)
            throw new InvalidDataException("A kernel module's symbol table has no names.");
        var names = elf.Sections[table.Link];

        var used = new bool[count];
        foreach (var section in elf.Sections)
        {
            for (var at = 0; section.Type == SHT_RELA && at + RelaSize <= section.Content.Length; at += RelaSize)
                used[Checked(SymbolOf(section.Content, at), count)] = true;
        }

        // Local symbols come first, sh_info says how many: that order stays as it was.
        var renumbered = new uint[count];
        var symbols = new MemoryStream();
        var text = new MemoryStream();
        text.WriteByte(0);
        uint kept = 0, locals = 0;
        for (var i = 0; i < count; i++)
        {
            var symbol = table.Content.AsSpan(i * SymbolSize, SymbolSize);
            var name = Text(names.Content, BinaryPrimitives.ReadUInt32LittleEndian(symbol));
            if (i < table.Info && !used[i] && name.StartsWith(".L"u8))
                continue;

            renumbered[i] = kept++;
            if (i < table.Info)
                locals++;
            BinaryPrimitives.WriteUInt32LittleEndian(symbol, name.IsEmpty ? 0 : (uint)text.Length);
            if (!name.IsEmpty)
            {
                text.Write(name);
                text.WriteByte(0);
            }

            symbols.Write(symbol);
        }

        foreach (var section in elf.Sections)
        {
            for (var at = 0; section.Type == SHT_RELA && at + RelaSize <= section.Content.Length; at += RelaSize)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(
                    section.Content.AsSpan(at + 12), renumbered[SymbolOf(section.Content, at)]);
            }
        }

        table.Content = symbols.ToArray();
        table.Info = locals;
        names.Content = text.ToArray();
    }

    /// <summary>The file header, each section at its alignment in the order of the table, then the table.</summary>
    private static byte[] Write(ReadOnlySpan<byte> header, Section[] sections)
    {
        var output = new MemoryStream();
        output.Write(header);
        foreach (var section in sections)
        {
            if (section.Type == SHT_NULL)
                continue;
            Align(output, section.Alignment);
            section.Offset = (ulong)output.Length;
            output.Write(section.Content);
        }

        Align(output, 8);
        var table = output.Length;
        foreach (var section in sections)
            output.Write(section.Header);

        var result = output.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(result.AsSpan(40), table);
        return result;
    }

    private static void Align(MemoryStream output, ulong alignment)
    {
        if (alignment > 1 << 20)
            throw new InvalidDataException("A kernel module asks for an absurd alignment.");
        while (alignment > 1 && (ulong)output.Length % alignment != 0)
            output.WriteByte(0);
    }

    private static uint SymbolOf(byte[] relocations, int at) =>
        BinaryPrimitives.ReadUInt32LittleEndian(relocations.AsSpan(at + 12));

    private static uint Checked(uint symbol, int count) =>
        symbol < count ? symbol : throw new InvalidDataException("A kernel module's relocation names no symbol.");

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> data, ulong offset, ulong size)
    {
        if (offset > (ulong)data.Length || size > (ulong)data.Length - offset)
            throw new InvalidDataException("A kernel module is cut short.");
        return data.Slice((int)offset, (int)size);
    }

    private static ReadOnlySpan<byte> Text(byte[] names, uint offset)
    {
        if (offset >= names.Length)
            return [];
        var rest = names.AsSpan((int)offset);
        var end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }

    private readonly record struct Elf(Section[] Sections, byte[] Names, uint NamesIndex);

    /// <summary>One section header, kept as its bytes, and what it describes.</summary>
    private sealed class Section(byte[] header, byte[] content)
    {
        private byte[] _content = content;

        public byte[] Header { get; } = header;

        public uint Name => Get32(0);

        public uint Type => Get32(4);

        public uint Link => Get32(40);

        public ulong Alignment => BinaryPrimitives.ReadUInt64LittleEndian(Header.AsSpan(48));

        public uint Info
        {
            get => Get32(44);
            set => BinaryPrimitives.WriteUInt32LittleEndian(Header.AsSpan(44), value);
        }

        public ulong Offset
        {
            set => BinaryPrimitives.WriteUInt64LittleEndian(Header.AsSpan(24), value);
        }

        public byte[] Content
        {
            get => _content;
            set
            {
                _content = value;
                BinaryPrimitives.WriteInt64LittleEndian(Header.AsSpan(32), value.Length);
            }
        }

        public void Remove()
        {
            Array.Clear(Header);
            _content = [];
        }

        private uint Get32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(Header.AsSpan(at));
    }
}
