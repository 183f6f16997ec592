namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>Feature bits (virtio 1.3, section 5.2.3).</summary>
internal static class BlockFeatures
{
    public const ulong SegMax = 1UL << 2;
    public const ulong ReadOnly = 1UL << 5;
    public const ulong BlkSize = 1UL << 6;
    public const ulong Flush = 1UL << 9;
    public const ulong Discard = 1UL << 13;
    public const ulong WriteZeroes = 1UL << 14;
}

/// <summary>Request types (virtio 1.3, section 5.2.6).</summary>
internal enum BlockRequestType : uint
{
    In = 0,
    Out = 1,
    Flush = 4,
    GetId = 8,
    Discard = 11,
    WriteZeroes = 13,
}

/// <summary>Request status bytes (virtio 1.3, section 5.2.6).</summary>
internal enum BlockStatus : byte
{
    Ok = 0,
    IoErr = 1,
    Unsupp = 2,
}
