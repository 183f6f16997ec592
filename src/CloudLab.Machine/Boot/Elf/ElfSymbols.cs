namespace CloudLab.Machine.Boot.Elf;

/// <summary>Looks a name up in an ELF file's symbol table.</summary>
internal static class ElfSymbols
{
    private const int SectionHeaderLength = 64;
    private const int SymbolLength = 24;
    private const uint SectionSymbolTable = 2;

    // Each far beyond what a kernel with all its debugging symbols has (Linux: 300,000 symbols, 10 MiB of names).
    private const ulong LargestTable = 64 << 20;

    /// <summary>The value of the first defined symbol of that name, or null.</summary>
    /// <exception cref="MachineException">The table is damaged.</exception>
    public static ulong? Find(ElfImage image, byte[] header, ReadOnlySpan<byte> name)
    {
        int count = ElfImage.Half(header, 60);
        if (count == 0) return null;
        if (ElfImage.Half(header, 58) != SectionHeaderLength) throw ElfImage.Unusable("its section headers have an unknown length");
        byte[] sections = image.Read(ElfImage.Long(header, 40), count * SectionHeaderLength, "its table of section headers");
        for (int at = 0; at < sections.Length; at += SectionHeaderLength)
        {
            if (ElfImage.Word(sections, at + 4) != SectionSymbolTable) continue;
            uint link = ElfImage.Word(sections, at + 40);
            if (link >= count) throw ElfImage.Unusable("its symbols have no names");
            byte[] symbols = ReadSection(image, sections, at);
            byte[] names = ReadSection(image, sections, (int)link * SectionHeaderLength);
            return Find(symbols, names, name);
        }

        return null;
    }

    private static ulong? Find(byte[] symbols, byte[] names, ReadOnlySpan<byte> name)
    {
        for (int at = 0; at + SymbolLength <= symbols.Length; at += SymbolLength)
        {
            uint start = ElfImage.Word(symbols, at);
            bool isDefined = ElfImage.Half(symbols, at + 6) != 0;
            if (!isDefined || start >= names.Length) continue;
            ReadOnlySpan<byte> rest = names.AsSpan((int)start);
            if (rest.Length > name.Length && rest[name.Length] == 0 && rest.StartsWith(name)) return ElfImage.Long(symbols, at + 8);
        }

        return null;
    }

    private static byte[] ReadSection(ElfImage image, byte[] sections, int at)
    {
        ulong length = ElfImage.Long(sections, at + 32);
        if (length > LargestTable) throw ElfImage.Unusable("its symbol table is too large");
        return image.Read(ElfImage.Long(sections, at + 24), (int)length, "its symbol table");
    }
}
