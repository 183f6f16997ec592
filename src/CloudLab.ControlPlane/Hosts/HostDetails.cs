using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>A host as it is shown.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Architecture">The guests' instruction set.</param>
/// <param name="IsAlive">Whether its lease holds.</param>
/// <param name="LeaseUntil">Until when it is taken to be alive.</param>
/// <param name="Epoch">See <see cref="HostLease.Epoch"/>.</param>
/// <param name="Vcpus">The host threads that run vCPUs.</param>
/// <param name="MemoryBytes">The RAM that placement promises.</param>
/// <param name="Instances">How many instances it has that are not terminated.</param>
/// <param name="UsedVcpus">The vCPUs of those that run or should run.</param>
/// <param name="UsedMemoryBytes">The RAM of those that run or should run.</param>
public sealed record HostDetails(
    string Name,
    Architecture Architecture,
    bool IsAlive,
    DateTimeOffset LeaseUntil,
    long Epoch,
    int Vcpus,
    long MemoryBytes,
    int Instances,
    int UsedVcpus,
    long UsedMemoryBytes);
