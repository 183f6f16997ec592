using System.Runtime.InteropServices;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// One direct-mapped entry of the software TLB: a tag for each kind of access and what to add to a guest-virtual
/// address to get the host address. A tag is the page's virtual address, or <see cref="Invalid"/>.
/// </summary>
/// <remarks>
/// A fast path compares <c>(address + size - 1) &amp; ~0xfff</c> with the tag found at the address's own index: an access
/// that crosses into the next page can never match, so misaligned accesses within a page are fast and crossing ones slow.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct TlbEntry
{
    /// <summary>No page's address: its low bits are set.</summary>
    public const ulong Invalid = ulong.MaxValue;

    /// <summary>
    /// Entries of one context's table; 1,024 reach 4 MiB. A quarter of that misses 3 times as often in a boot and 8 times
    /// as often between two processes that talk: text, stack and heap then take each other's places.
    /// </summary>
    public const int Count = 1024;

    public const ulong IndexMask = Count - 1;

    public const ulong PageMask = ~0xfffUL;

    public ulong ReadTag;
    public ulong WriteTag;
    public ulong ExecuteTag;
    public ulong Addend;
}
