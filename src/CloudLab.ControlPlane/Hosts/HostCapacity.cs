using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>What a host offers to instances.</summary>
/// <param name="Vcpus">Its cores. Not a limit: caps and weights share them.</param>
/// <param name="MemoryBytes">The memory that placement may promise.</param>
/// <param name="Architecture">What its guests run.</param>
public sealed record HostCapacity(int Vcpus, long MemoryBytes, Architecture Architecture);
