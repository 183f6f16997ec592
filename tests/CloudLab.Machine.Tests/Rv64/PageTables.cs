namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Builds Sv39 or Sv48 page tables in a hart's RAM, from <see cref="Root"/> on.</summary>
internal sealed class PageTables(TestHart hart, int levels = 3)
{
    public const ulong Root = TestHart.Ram + 0x10_0000;

    public const ulong V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;

    /// <summary>All that kernel data and code ask for.</summary>
    public const ulong Kernel = V | R | W | X | A | D;

    private ulong _next = Root + 0x1000;

    /// <summary>satp for these tables.</summary>
    public ulong Satp => (levels == 3 ? 8UL : 9UL) << 60 | Root >> 12;

    /// <summary>Maps the page of <paramref name="level"/> (0 is 4 KiB, 1 2 MiB, 2 1 GiB) that holds the address.</summary>
    /// <returns>The entry's place.</returns>
    public ulong Map(ulong address, ulong physical, ulong flags, int level = 0)
    {
        ulong table = Root;
        for (int i = levels - 1; i > level; i--)
        {
            ulong place = Place(table, address, i);
            ulong entry = hart.Read64(place);
            if ((entry & V) == 0)
            {
                entry = _next >> 12 << 10 | V;
                _next += 0x1000;
                hart.Write64(place, entry);
            }

            table = entry >> 10 << 12;
        }

        ulong leaf = Place(table, address, level);
        hart.Write64(leaf, physical >> 12 << 10 | flags);
        return leaf;
    }

    private static ulong Place(ulong table, ulong address, int level) => table + ((address >> (12 + (9 * level)) & 511) * 8);
}
