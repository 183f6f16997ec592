using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>The row of a host: a process that runs machines.</summary>
public sealed class Host
{
    private Host()
    {
    }

    public Host(string name) => Name = name;

    public string Name { get; private set; } = "";

    /// <summary>See <see cref="HostLease.Epoch"/>.</summary>
    public long Epoch { get; private set; }

    /// <summary>Until when the host is taken to be alive, by the clocks of the hosts.</summary>
    public DateTimeOffset LeaseUntil { get; private set; }

    /// <summary>See <see cref="HostCapacity.Vcpus"/>.</summary>
    public int Vcpus { get; private set; }

    /// <summary>See <see cref="HostCapacity.MemoryBytes"/>.</summary>
    public long MemoryBytes { get; private set; }

    public Architecture Architecture { get; private set; }

    /// <summary>A process takes the name for itself, whoever had it before.</summary>
    internal HostLease Register(HostCapacity capacity, DateTimeOffset leaseUntil)
    {
        Epoch++;
        LeaseUntil = leaseUntil;
        Vcpus = capacity.Vcpus;
        MemoryBytes = capacity.MemoryBytes;
        Architecture = capacity.Architecture;
        return new HostLease(Name, Epoch);
    }

    /// <summary>Another host fences this one off: from now on it can neither renew nor write.</summary>
    internal void Fence() => Epoch++;
}
