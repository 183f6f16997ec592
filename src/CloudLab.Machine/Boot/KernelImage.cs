using System.Buffers.Binary;
using CloudLab.Machine.Boot.Elf;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot;

/// <summary>
/// A kernel, understood: an ELF executable, a RISC-V Linux <c>Image</c> (Linux
/// Documentation/arch/riscv/boot-image-header.rst), or else a flat binary.
/// </summary>
internal sealed class KernelImage
{
    private const int HeaderLength = 64;
    private const uint Magic2 = 0x0543_5352; // "RSC\x05"

    // A piece that a Span can hold.
    private const ulong CopyLength = 64 << 20;

    private readonly ImagePages _pages;
    private readonly IReadOnlyList<ElfSegment> _segments = [];

    /// <summary>What is mapped as it is, and entered at its first byte.</summary>
    private KernelImage(ImagePages pages, ulong loadOffset, ulong size)
    {
        _pages = pages;
        LoadOffset = loadOffset;
        Size = size;
        Entry = VirtMemoryMap.Ram.Add(loadOffset);
    }

    private KernelImage(ImagePages pages, ElfFile elf)
    {
        _pages = pages;
        _segments = elf.Segments;
        LoadOffset = _segments[0].Physical.Value - VirtMemoryMap.Ram.Value;
        Size = _segments[^1].End - _segments[0].Physical.Value;
        Entry = elf.Entry;
        ToHost = elf.FindSymbol("tohost"u8);
        FromHost = elf.FindSymbol("fromhost"u8);
        if (ToHost is { } address && address.Value % sizeof(ulong) != 0) throw ElfImage.Unusable($"its tohost at {address} is not aligned");
    }

    /// <summary>Its first byte's place, in bytes from the start of RAM.</summary>
    public ulong LoadOffset { get; }

    /// <summary>How many bytes from there it takes, its zeroed data included.</summary>
    public ulong Size { get; }

    /// <summary>Where it is entered.</summary>
    public GuestAddress Entry { get; }

    /// <summary>Where it writes to the host (HTIF), aligned to 8 bytes; null unless it is an ELF with that symbol.</summary>
    public GuestAddress? ToHost { get; }

    /// <summary>Where it expects the host's answers, or null.</summary>
    public GuestAddress? FromHost { get; }

    /// <summary>Reads headers; what has none is a flat binary, which goes to the start of RAM that <paramref name="mode"/> leaves it.</summary>
    /// <exception cref="MachineException">It cannot be loaded; the message says why.</exception>
    public static KernelImage Read(ImagePages pages, StartMode mode)
    {
        if (pages.Length == 0) throw new MachineException("the kernel is empty");
        if (ElfFile.IsElf(pages)) return new KernelImage(pages, ElfFile.Read(pages));
        ulong firstFree = mode == StartMode.Machine ? 0 : VirtMemoryMap.FirmwareReserve;
        if (pages.Length < HeaderLength) return new KernelImage(pages, firstFree, pages.MappedLength);
        Span<byte> header = stackalloc byte[HeaderLength];
        pages.Read(0, header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[56..]) != Magic2) return new KernelImage(pages, firstFree, pages.MappedLength);
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        if (offset < Math.Min(firstFree, 1) || offset % GuestMemory.PageSize != 0)
            throw new MachineException($"the kernel's text_offset 0x{offset:x} cannot be honoured");
        return new KernelImage(pages, offset, Math.Max(size, pages.MappedLength));
    }

    /// <summary>The ranges of RAM that <see cref="TryLoad"/> writes to; what it maps costs nothing until the guest changes it.</summary>
    public IEnumerable<(GuestAddress Address, ulong Length)> WrittenRanges => _segments.Select(segment => (segment.Physical, segment.FileSize));

    /// <summary>Puts it into RAM, which is zero.</summary>
    /// <returns>False when it does not fit.</returns>
    public bool TryLoad(GuestMemory memory)
    {
        if (_segments.Count == 0) return memory.TryMapFile(Entry, _pages);
        foreach (ElfSegment segment in _segments)
            for (ulong done = 0; done < segment.FileSize; done += CopyLength)
                if (!TryCopy(memory, segment.Physical.Add(done), segment.FileOffset + done, (int)Math.Min(CopyLength, segment.FileSize - done)))
                    return false;
        return true;
    }

    private bool TryCopy(GuestMemory memory, GuestAddress target, ulong source, int length)
    {
        if (!memory.TryGetBuffer(target, length, out Memory<byte> buffer)) return false;
        _pages.Read(source, buffer.Span);
        memory.MarkWritten(target, (ulong)length);
        return true;
    }
}
