namespace CloudLab.Machine.Devices;

/// <summary>All that an <see cref="Aclint"/> remembers, one element for each hart.</summary>
internal sealed class AclintState(int harts)
{
    /// <summary>Bit 0 of <c>msip</c>.</summary>
    public bool[] Software { get; } = new bool[harts];

    /// <summary><c>mtimecmp</c>, in ticks.</summary>
    public ulong[] Compare { get; } = new ulong[harts];
}
