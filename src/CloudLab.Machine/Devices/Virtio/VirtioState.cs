namespace CloudLab.Machine.Devices.Virtio;

/// <summary>What every virtio device remembers beside its queues; the default is the state after reset.</summary>
internal struct VirtioDeviceState
{
    /// <summary>See <see cref="VirtioStatus"/>.</summary>
    public uint Status;

    /// <summary>The features that the driver accepted; they count once FEATURES_OK is set.</summary>
    public ulong DriverFeatures;

    /// <summary>See <see cref="VirtioInterrupt"/>; the interrupt line is high while it is not zero.</summary>
    public uint InterruptStatus;

    /// <summary>Rises with each change of the configuration space; a reset keeps it.</summary>
    public uint ConfigGeneration;
}

/// <summary>The selector registers of the memory-mapped transport; the default is the state after reset.</summary>
internal struct VirtioMmioState
{
    public uint DeviceFeaturesSel;
    public uint DriverFeaturesSel;
    public uint QueueSel;
}

/// <summary>What a split virtqueue remembers outside guest memory; the default is the state after reset.</summary>
internal struct VirtQueueState
{
    /// <summary>The ring's number of entries, as the driver chose it; 0 until then.</summary>
    public uint Size;

    /// <summary>The driver has set the queue up and the ring was found sound.</summary>
    public bool Ready;

    /// <summary>Guest-physical addresses of the three areas.</summary>
    public ulong DescriptorArea;
    public ulong DriverArea;
    public ulong DeviceArea;

    /// <summary>The next entry of the available ring to take, modulo 2^16.</summary>
    public ushort NextAvailable;

    /// <summary>The next entry of the used ring to fill, modulo 2^16.</summary>
    public ushort NextUsed;

    /// <summary>The used index at which the driver was last interrupted or found not to want it.</summary>
    public ushort SignalledUsed;
}
