using System.Diagnostics.CodeAnalysis;
using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.InstanceTypes;

/// <summary>The instance types there are: the table of the design, in code because each row is a promise that code keeps.</summary>
public static class InstanceTypeCatalog
{
    private const long MiB = 1 << 20;

    /// <summary>All types, by family and then size.</summary>
    public static IReadOnlyList<InstanceType> All { get; } =
    [
        Define("small", InstanceFamily.Standard, 1, 128 * MiB, 0.5),
        Define("medium", InstanceFamily.Standard, 1, 256 * MiB, 1),
        Define("large", InstanceFamily.Standard, 2, 512 * MiB, 2),
        Define("xlarge", InstanceFamily.Standard, 4, 1024 * MiB, 4),
        Define("medium", InstanceFamily.Highmem, 1, 512 * MiB, 1),
        Define("large", InstanceFamily.Highmem, 2, 1024 * MiB, 2),
        Define("xlarge", InstanceFamily.Highmem, 4, 2048 * MiB, 4),
        Define("medium", InstanceFamily.Highcpu, 2, 128 * MiB, 2),
        Define("large", InstanceFamily.Highcpu, 4, 256 * MiB, 4),
        Define("xlarge", InstanceFamily.Highcpu, 8, 512 * MiB, 8),
    ];

    /// <summary>The type of that name, which is compared by bytes.</summary>
    public static bool TryFind(string? name, [NotNullWhen(true)] out InstanceType? type)
    {
        type = All.FirstOrDefault(candidate => candidate.Name == name);
        return type is not null;
    }

    private static InstanceType Define(string size, InstanceFamily family, int vcpus, long memoryBytes, double cpuCap) =>
        new($"{EnumText.Of(family)}.{size}", family, vcpus, memoryBytes, cpuCap, (int)(100 * cpuCap), Architecture.Riscv64);
}
