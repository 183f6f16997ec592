namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>Feature bits (virtio 1.3, section 5.6.3).</summary>
internal static class ScsiFeatures
{
    public const ulong Hotplug = 1UL << 1;
    public const ulong Change = 1UL << 2;
}

/// <summary>Queues (virtio 1.3, section 5.6.2).</summary>
internal static class ScsiQueue
{
    public const int Control = 0;
    public const int Event = 1;
    public const int Request = 2;
}

/// <summary>What the adapter says about a request or a task (virtio 1.3, sections 5.6.6.1 and 5.6.6.2).</summary>
internal enum ScsiResponse : byte
{
    Ok = 0,
    Overrun = 1,
    BadTarget = 3,
    Failure = 9,
    FunctionSucceeded = 10,
    FunctionRejected = 11,
    IncorrectLun = 12,
}

/// <summary>Requests on the control queue (virtio 1.3, section 5.6.6.2).</summary>
internal enum ScsiControlType : uint
{
    Tmf = 0,
    AnQuery = 1,
    AnSubscribe = 2,
}

/// <summary>Task management functions (virtio 1.3, section 5.6.6.2; SAM-4, section 7).</summary>
internal enum ScsiTaskFunction : uint
{
    AbortTask = 0,
    AbortTaskSet = 1,
    ClearAca = 2,
    ClearTaskSet = 3,
    ITNexusReset = 4,
    LogicalUnitReset = 5,
    QueryTask = 6,
    QueryTaskSet = 7,
}

/// <summary>Events and the reasons of a transport reset (virtio 1.3, section 5.6.6.3).</summary>
internal static class ScsiEventCode
{
    public const uint TransportReset = 1;
    public const uint ParamChange = 3;
    public const uint EventsMissed = 0x8000_0000;
    public const uint ResetRescan = 1;
    public const uint ResetRemoved = 2;
}

/// <summary>Status codes (SAM-4, section 5.3).</summary>
internal enum ScsiStatus : byte
{
    Good = 0x00,
    CheckCondition = 0x02,
}

/// <summary>Operation codes (SPC-4, section 6; SBC-3, section 5).</summary>
internal enum ScsiOperation : byte
{
    TestUnitReady = 0x00,
    RequestSense = 0x03,
    Read6 = 0x08,
    Write6 = 0x0a,
    Inquiry = 0x12,
    ModeSense6 = 0x1a,
    StartStopUnit = 0x1b,
    ReadCapacity10 = 0x25,
    Read10 = 0x28,
    Write10 = 0x2a,
    SynchronizeCache10 = 0x35,
    WriteSame10 = 0x41,
    Unmap = 0x42,
    ModeSense10 = 0x5a,
    Read16 = 0x88,
    Write16 = 0x8a,
    SynchronizeCache16 = 0x91,
    WriteSame16 = 0x93,
    ServiceActionIn16 = 0x9e,
    ReportLuns = 0xa0,
}
