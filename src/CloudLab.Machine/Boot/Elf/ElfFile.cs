using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot.Elf;

/// <summary>
/// A RISC-V ELF64 executable (System V ABI, "Object Files"): what of it goes where in RAM, where it is entered and where
/// its symbols lie. All addresses are physical.
/// </summary>
/// <remarks>The file is hostile. What does not hold together is refused; what nobody needs is not looked at.</remarks>
internal sealed class ElfFile
{
    private const int HeaderLength = 64;
    private const int ProgramHeaderLength = 56;
    private const byte ClassElf64 = 2;
    private const byte DataLittleEndian = 1;
    private const ushort TypeExecutable = 2;
    private const ushort TypeShared = 3;
    private const ushort MachineRiscV = 243;
    private const uint SegmentLoad = 1;
    private const uint SegmentInterpreter = 3;

    // Linkers make fewer than ten.
    private const int MostProgramHeaders = 256;

    private readonly ElfImage _image;
    private readonly byte[] _header;

    private ElfFile(ElfImage image, byte[] header, IReadOnlyList<ElfSegment> segments)
    {
        _image = image;
        _header = header;
        Segments = segments;
        Entry = ToPhysical(ElfImage.Long(header, 24));
        if (Entry.Value % 2 != 0 || !segments.Any(s => Entry.Value - s.Physical.Value < s.Size))
            throw ElfImage.Unusable($"its entry {Entry} is not in a segment");
    }

    /// <summary>What is loaded, by ascending address; at least one, none overlaps another, none begins below RAM.</summary>
    public IReadOnlyList<ElfSegment> Segments { get; }

    /// <summary>Where it is entered; within a segment.</summary>
    public GuestAddress Entry { get; }

    /// <summary>Whether the image says that it is an ELF file.</summary>
    public static bool IsElf(ImagePages pages)
    {
        Span<byte> magic = stackalloc byte[4];
        if (pages.Length < (ulong)magic.Length) return false;
        pages.Read(0, magic);
        return magic.SequenceEqual("\u007fELF"u8);
    }

    /// <summary>Reads headers and segments.</summary>
    /// <exception cref="MachineException">It is no executable of this machine; the message says why.</exception>
    public static ElfFile Read(ImagePages pages)
    {
        var image = new ElfImage(pages);
        byte[] header = image.Read(0, HeaderLength, "its header");
        if (header[4] != ClassElf64) throw ElfImage.Unusable("it is not a 64-bit one");
        if (header[5] != DataLittleEndian) throw ElfImage.Unusable("it is not little-endian");
        if (ElfImage.Half(header, 18) != MachineRiscV) throw ElfImage.Unusable("it is not for RISC-V");
        if (ElfImage.Half(header, 16) is not (TypeExecutable or TypeShared)) throw ElfImage.Unusable("it is not linked");
        return new ElfFile(image, header, ReadSegments(image, header));
    }

    /// <summary>Where a symbol lies, or null when the symbol table (stripped: none) does not name it.</summary>
    /// <exception cref="MachineException">The symbol table is damaged.</exception>
    public GuestAddress? FindSymbol(ReadOnlySpan<byte> name) =>
        ElfSymbols.Find(_image, _header, name) is { } value ? ToPhysical(value) : null;

    private static List<ElfSegment> ReadSegments(ElfImage image, byte[] header)
    {
        int count = ElfImage.Half(header, 56);
        if (count > MostProgramHeaders) throw ElfImage.Unusable($"it has {count} program headers");
        if (count > 0 && ElfImage.Half(header, 54) != ProgramHeaderLength) throw ElfImage.Unusable("its program headers have an unknown length");
        byte[] table = image.Read(ElfImage.Long(header, 32), count * ProgramHeaderLength, "its table of program headers");
        var segments = new List<ElfSegment>();
        for (int at = 0; at < table.Length; at += ProgramHeaderLength)
        {
            uint type = ElfImage.Word(table, at);
            if (type == SegmentInterpreter) throw ElfImage.Unusable("it is dynamically linked");
            var segment = new ElfSegment(
                new GuestAddress(ElfImage.Long(table, at + 24)), ElfImage.Long(table, at + 16), ElfImage.Long(table, at + 40),
                ElfImage.Long(table, at + 8), ElfImage.Long(table, at + 32));
            if (type != SegmentLoad || segment is { Size: 0, FileSize: 0 }) continue;
            if (segment.FileSize > segment.Size) throw ElfImage.Unusable("a segment is longer in the file than in memory");
            image.Check(segment.FileOffset, segment.FileSize, "a segment");
            segment = WithoutHeaders(segment);
            if (segment.Size == 0) continue;
            if (segment.Physical < VirtMemoryMap.Ram || segment.Size > ulong.MaxValue - segment.Physical.Value)
                throw ElfImage.Unusable($"a segment at {segment.Physical} is outside RAM, which begins at {VirtMemoryMap.Ram}");
            segments.Add(segment);
        }

        segments.Sort((left, right) => left.Physical.CompareTo(right.Physical));
        if (segments.Count == 0) throw ElfImage.Unusable("it has nothing to load");
        for (int i = 1; i < segments.Count; i++)
            if (segments[i - 1].End > segments[i].Physical.Value)
                throw ElfImage.Unusable($"two segments overlap at {segments[i].Physical}");
        return segments;
    }

    /// <summary>
    /// Linkers like to load the file's own headers in front of the code, or alone; nobody reads them, and what of them lies
    /// below RAM is left out.
    /// </summary>
    private static ElfSegment WithoutHeaders(ElfSegment segment)
    {
        if (segment.FileOffset != 0 || segment.Physical >= VirtMemoryMap.Ram) return segment;
        ulong cut = Math.Min(VirtMemoryMap.Ram.Value - segment.Physical.Value, segment.Size);
        return new ElfSegment(
            segment.Physical.Add(cut), segment.Virtual + cut, segment.Size - cut, cut, segment.FileSize - Math.Min(cut, segment.FileSize));
    }

    /// <summary>A kernel linked for its own address space names places there; one linked for RAM, as most are, names RAM.</summary>
    private GuestAddress ToPhysical(ulong address)
    {
        foreach (ElfSegment segment in Segments)
            if (address - segment.Virtual < segment.Size)
                return segment.Physical.Add(address - segment.Virtual);
        return new GuestAddress(address);
    }
}
