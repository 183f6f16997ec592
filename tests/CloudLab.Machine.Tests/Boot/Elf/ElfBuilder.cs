using System.Buffers.Binary;
using System.Text;

namespace CloudLab.Machine.Tests.Boot.Elf;

/// <summary>Writes ELF64 files: the header, program headers, each segment's bytes, then a symbol table.</summary>
internal sealed class ElfBuilder
{
    private const int HeaderLength = 64;
    private const int ProgramHeaderLength = 56;
    private const int SectionHeaderLength = 64;

    private readonly List<(uint Type, ulong Virtual, ulong Physical, byte[] Bytes, ulong Size)> _segments = [];
    private ulong? _headers;
    private readonly List<(string Name, ulong Value)> _symbols = [];

    public ulong Entry { get; init; } = 0x8000_0000;

    public ushort Type { get; init; } = 2;

    public ushort Machine { get; init; } = 243;

    /// <param name="address">Where it is loaded.</param>
    /// <param name="bytes">What the file holds.</param>
    /// <param name="size">How much RAM it takes; default: what the file holds.</param>
    /// <param name="virtualAddress">Where it is linked; default: where it is loaded.</param>
    /// <param name="type">The program header's type; default: PT_LOAD.</param>
    public ElfBuilder Segment(ulong address, byte[] bytes, ulong? size = null, ulong? virtualAddress = null, uint type = 1)
    {
        _segments.Add((type, virtualAddress ?? address, address, bytes, size ?? (ulong)bytes.Length));
        return this;
    }

    /// <summary>Lets the first segment begin with the file's own headers, as linkers do.</summary>
    /// <param name="address">Where they would go; the segment's address less the length of the headers.</param>
    public ElfBuilder Headers(ulong address)
    {
        _headers = address;
        return this;
    }

    public ElfBuilder Symbol(string name, ulong value)
    {
        _symbols.Add((name, value));
        return this;
    }

    public byte[] Build()
    {
        int data = HeaderLength + (_segments.Count * ProgramHeaderLength);
        var file = new List<byte>(new byte[data]);
        var header = new byte[data];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(header);
        Put16(header, 16, Type);
        Put16(header, 18, Machine);
        Put32(header, 20, 1);
        Put64(header, 24, Entry);
        Put64(header, 32, HeaderLength);
        Put16(header, 52, HeaderLength);
        Put16(header, 54, ProgramHeaderLength);
        Put16(header, 56, (ushort)_segments.Count);
        for (int i = 0; i < _segments.Count; i++)
        {
            (uint type, ulong linked, ulong loaded, byte[] bytes, ulong size) = _segments[i];
            int at = HeaderLength + (i * ProgramHeaderLength);
            Put32(header, at, type);
            Put64(header, at + 8, (ulong)file.Count);
            Put64(header, at + 16, linked);
            Put64(header, at + 24, loaded);
            Put64(header, at + 32, (ulong)bytes.Length);
            Put64(header, at + 40, size);
            file.AddRange(bytes);
        }

        if (_headers is { } headers)
        {
            ulong length = (ulong)data;
            Put64(header, HeaderLength + 8, 0);
            Put64(header, HeaderLength + 16, headers);
            Put64(header, HeaderLength + 24, headers);
            Put64(header, HeaderLength + 32, length + (ulong)_segments[0].Bytes.Length);
            Put64(header, HeaderLength + 40, length + _segments[0].Size);
        }

        if (_symbols.Count > 0) AddSymbols(header, file);
        byte[] built = [.. file];
        header.CopyTo(built, 0);
        return built;
    }

    private void AddSymbols(byte[] header, List<byte> file)
    {
        var names = new List<byte> { 0 };
        var symbols = new byte[24 * (_symbols.Count + 1)];
        for (int i = 0; i < _symbols.Count; i++)
        {
            int at = 24 * (i + 1);
            Put32(symbols, at, (uint)names.Count);
            Put16(symbols, at + 6, 0xfff1); // SHN_ABS
            Put64(symbols, at + 8, _symbols[i].Value);
            names.AddRange(Encoding.ASCII.GetBytes(_symbols[i].Name + "\0"));
        }

        var sections = new byte[3 * SectionHeaderLength];
        Put32(sections, SectionHeaderLength + 4, 2); // SHT_SYMTAB
        Put64(sections, SectionHeaderLength + 24, (ulong)file.Count);
        Put64(sections, SectionHeaderLength + 32, (ulong)symbols.Length);
        Put32(sections, SectionHeaderLength + 40, 2);
        file.AddRange(symbols);
        Put32(sections, (2 * SectionHeaderLength) + 4, 3); // SHT_STRTAB
        Put64(sections, (2 * SectionHeaderLength) + 24, (ulong)file.Count);
        Put64(sections, (2 * SectionHeaderLength) + 32, (ulong)names.Count);
        file.AddRange(names);
        Put64(header, 40, (ulong)file.Count);
        Put16(header, 58, SectionHeaderLength);
        Put16(header, 60, 3);
        file.AddRange(sections);
    }

    private static void Put16(byte[] bytes, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), value);

    private static void Put32(byte[] bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);

    private static void Put64(byte[] bytes, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), value);
}
