using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>What a host offers to instances.</summary>
/// <param name="Vcpus">How many vCPUs placement may promise; caps and weights share the cores among them.</param>
/// <param name="MemoryBytes">How much memory placement may promise.</param>
/// <param name="Architecture">What its guests run.</param>
public sealed record HostCapacity(int Vcpus, long MemoryBytes, Architecture Architecture);
