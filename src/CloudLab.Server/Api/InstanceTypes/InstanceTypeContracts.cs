using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.InstanceTypes;

namespace CloudLab.Server.Api.InstanceTypes;

/// <summary>A size of machine.</summary>
internal sealed record InstanceTypeView
{
    /// <summary>The type's name: family and size.</summary>
    /// <example>standard.small</example>
    public required string InstanceType { get; init; }

    /// <summary>What the type is made for.</summary>
    public required InstanceFamily Family { get; init; }

    /// <summary>The guest's instruction set.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>How many vCPUs the guest sees.</summary>
    /// <example>1</example>
    public required int Vcpus { get; init; }

    /// <summary>The size of RAM in bytes.</summary>
    /// <example>134217728</example>
    public required long MemoryBytes { get; init; }

    /// <summary>The most host-core time that all vCPUs together may take here, in cores: what is enforced.</summary>
    /// <example>0.5</example>
    public required double CpuCap { get; init; }

    /// <summary>The share of the host relative to other instances' weights when cores are short.</summary>
    /// <example>50</example>
    public required int CpuWeight { get; init; }

    public static InstanceTypeView Of(InstanceType type, int hostCores) => new()
    {
        InstanceType = type.Name,
        Family = type.Family,
        Architecture = type.Architecture,
        Vcpus = type.Vcpus,
        MemoryBytes = type.MemoryBytes,
        CpuCap = type.EffectiveCpuCap(hostCores),
        CpuWeight = type.CpuWeight,
    };
}

/// <summary>All instance types.</summary>
internal sealed record InstanceTypeList
{
    /// <summary>By family and size.</summary>
    public required IReadOnlyList<InstanceTypeView> InstanceTypes { get; init; }
}
