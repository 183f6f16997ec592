using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot.Elf;

/// <summary>A PT_LOAD program header: a range of RAM, of which the file holds the beginning and the rest is zero.</summary>
/// <param name="Physical">Where it goes.</param>
/// <param name="Virtual">Where the kernel sees it once it has an address space.</param>
/// <param name="Size">How much RAM it takes in bytes, at least 1.</param>
/// <param name="FileOffset">Its first byte in the file.</param>
/// <param name="FileSize">How many bytes the file holds, at most <paramref name="Size"/>.</param>
internal readonly record struct ElfSegment(GuestAddress Physical, ulong Virtual, ulong Size, ulong FileOffset, ulong FileSize)
{
    /// <summary>The first address behind it; does not wrap.</summary>
    public ulong End => Physical.Value + Size;
}
