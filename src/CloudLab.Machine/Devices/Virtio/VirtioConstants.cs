namespace CloudLab.Machine.Devices.Virtio;

/// <summary>Device status bits (virtio 1.3, section 2.1).</summary>
internal static class VirtioStatus
{
    public const uint Acknowledge = 1;
    public const uint Driver = 2;
    public const uint DriverOk = 4;
    public const uint FeaturesOk = 8;
    public const uint DeviceNeedsReset = 64;
    public const uint Failed = 128;
}

/// <summary>Feature bits common to all devices (virtio 1.3, section 6).</summary>
internal static class VirtioFeatures
{
    public const ulong IndirectDesc = 1UL << 28;
    public const ulong EventIdx = 1UL << 29;
    public const ulong Version1 = 1UL << 32;

    /// <summary>What every device here offers.</summary>
    public const ulong Common = IndirectDesc | EventIdx | Version1;
}

/// <summary>Device types (virtio 1.3, section 5).</summary>
internal static class VirtioDeviceType
{
    public const uint Block = 2;
    public const uint Console = 3;
    public const uint Entropy = 4;
    public const uint Scsi = 8;
    public const uint Input = 18;
}

/// <summary>InterruptStatus bits (virtio 1.3, section 4.2.2).</summary>
internal static class VirtioInterrupt
{
    public const uint UsedBuffer = 1;
    public const uint ConfigurationChange = 2;
}

/// <summary>Register offsets of the memory-mapped transport, version 2 (virtio 1.3, section 4.2.2).</summary>
internal static class VirtioMmioRegister
{
    public const ulong MagicValue = 0x000;
    public const ulong Version = 0x004;
    public const ulong DeviceId = 0x008;
    public const ulong VendorId = 0x00c;
    public const ulong DeviceFeatures = 0x010;
    public const ulong DeviceFeaturesSel = 0x014;
    public const ulong DriverFeatures = 0x020;
    public const ulong DriverFeaturesSel = 0x024;
    public const ulong QueueSel = 0x030;
    public const ulong QueueSizeMax = 0x034;
    public const ulong QueueSize = 0x038;
    public const ulong QueueReady = 0x044;
    public const ulong QueueNotify = 0x050;
    public const ulong InterruptStatus = 0x060;
    public const ulong InterruptAck = 0x064;
    public const ulong Status = 0x070;
    public const ulong QueueDescLow = 0x080;
    public const ulong QueueDescHigh = 0x084;
    public const ulong QueueDriverLow = 0x090;
    public const ulong QueueDriverHigh = 0x094;
    public const ulong QueueDeviceLow = 0x0a0;
    public const ulong QueueDeviceHigh = 0x0a4;
    public const ulong ShmLenLow = 0x0b0;
    public const ulong ShmLenHigh = 0x0b4;
    public const ulong ShmBaseLow = 0x0b8;
    public const ulong ShmBaseHigh = 0x0bc;
    public const ulong ConfigGeneration = 0x0fc;
    public const ulong Config = 0x100;
}
