namespace CloudLab.Machine.Tests.Rv64;

/// <summary>
/// What the privileged specification (12.2.1) lets a hart still know of its page tables: every leaf entry that it could
/// have read while its address space was in force, until a fence that covers it.
/// </summary>
internal sealed class AddressSpaceModel
{
    private readonly HashSet<Leaf> _known = [];

    /// <summary>The valid leaf entries of the tables in force, and the ASID that they are in force under.</summary>
    public void See(IEnumerable<Leaf> leaves) => _known.UnionWith(leaves);

    /// <summary>SFENCE.VMA; null stands for x0 as operand. Call <see cref="See"/> for what is in force after it.</summary>
    public void Fence(ulong? address, int? asid) =>
        _known.RemoveWhere(leaf =>
            (address is not { } place || leaf.Holds(place)) && (asid is not { } number || (!leaf.IsGlobal && leaf.Asid == number)));

    /// <summary>The entries that an access may use under an ASID.</summary>
    public IEnumerable<Leaf> Usable(ulong address, int asid) =>
        _known.Where(leaf => leaf.Holds(address) && (leaf.IsGlobal || leaf.Asid == asid));

    /// <summary>A leaf entry under an ASID.</summary>
    /// <param name="Asid">The ASID it was in force under.</param>
    /// <param name="Start">The first virtual address that it maps.</param>
    /// <param name="Size">How much it maps.</param>
    /// <param name="Entry">The entry as it stands in memory.</param>
    internal readonly record struct Leaf(int Asid, ulong Start, ulong Size, ulong Entry)
    {
        public bool IsGlobal => (Entry & PageTables.G) != 0;

        public bool Holds(ulong address) => address - Start < Size;

        /// <summary>Where the access goes, or null if the entry forbids it.</summary>
        public ulong? Translate(ulong address, ulong needed) =>
            (Entry & needed) == needed ? ((Entry >> 10 << 12) & ~(Size - 1)) | (address & (Size - 1)) : null;
    }
}
