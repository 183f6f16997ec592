using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Instances;

/// <summary>What an instance may ask of disks that live as long as it runs, as EC2's instance store does.</summary>
public static class ScratchDisk
{
    /// <summary>As many as a machine has slots for.</summary>
    public const int MaxPerInstance = 4;

    public const long MinBytes = 1 << 20;

    /// <summary>Sizes are multiples of this: what every file system and partition table is content with.</summary>
    public const long UnitBytes = 1 << 20;

    /// <returns>Null, or why an instance cannot have these disks.</returns>
    internal static CloudLabError? Check(IReadOnlyList<long> sizes, long maxBytes)
    {
        if (sizes.Count > MaxPerInstance) return Invalid($"an instance has at most {MaxPerInstance} scratch disks");
        return sizes.All(size => size >= MinBytes && size <= maxBytes && size % UnitBytes == 0)
            ? null
            : Invalid($"a scratch disk has {MinBytes} to {maxBytes} bytes, in steps of {UnitBytes}");
    }

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
