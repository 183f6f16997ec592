using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.InstanceTypes;

/// <summary>A size of machine that an instance can have.</summary>
/// <param name="Name"><c>family.size</c>.</param>
/// <param name="Family">What it is made for.</param>
/// <param name="Vcpus">The number of harts.</param>
/// <param name="MemoryBytes">The size of RAM.</param>
/// <param name="CpuCap">The most host-core time all its vCPUs together may take, in cores.</param>
/// <param name="CpuWeight">Its share when the host is short of cores, relative to the others': 100 for each core of its cap.</param>
/// <param name="Architecture">The instruction set.</param>
public sealed record InstanceType(
    string Name,
    InstanceFamily Family,
    int Vcpus,
    long MemoryBytes,
    double CpuCap,
    int CpuWeight,
    Architecture Architecture)
{
    /// <summary>What of <see cref="CpuCap"/> a host with this many cores can give.</summary>
    public double EffectiveCpuCap(int hostCores) => Math.Min(CpuCap, hostCores);
}
