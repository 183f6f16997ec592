namespace CloudLab.Machine.Rv64;

/// <summary>
/// Tells whether a TLB may hold a piece of a large page around an address: never a false no, seldom a false yes. A
/// kernel flushes single pages tens of thousands of times at boot, and almost none of them is part of a large page.
/// </summary>
internal sealed class LargePageFilter
{
    private const int MegapageShift = 21;
    private const int Bits = 4096;

    private readonly ulong[] _bits = new ulong[Bits / 64];
    private bool _holdsLarger;

    /// <summary>Notes a piece of a page of the given level: 1 is 2 MiB, 2 is 1 GiB, 3 is 512 GiB.</summary>
    public void Add(ulong address, int level)
    {
        if (level > 1) _holdsLarger = true;
        else _bits[(address >> MegapageShift) % Bits / 64] |= 1UL << (int)(address >> MegapageShift & 63);
    }

    public bool MayHold(ulong address) =>
        _holdsLarger || (_bits[(address >> MegapageShift) % Bits / 64] >> (int)(address >> MegapageShift & 63) & 1) != 0;

    public void Clear()
    {
        Array.Clear(_bits);
        _holdsLarger = false;
    }
}
