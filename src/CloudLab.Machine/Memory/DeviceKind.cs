namespace CloudLab.Machine.Memory;

/// <summary>The devices that exits are counted by; several of a kind are counted together.</summary>
internal enum DeviceKind
{
    /// <summary>An address where nothing answers: the access faults.</summary>
    Unmapped,

    /// <summary>SiFive's test finisher.</summary>
    Test,
    Rtc,
    Aclint,
    Plic,
    Uart,

    /// <summary>HTIF's <c>tohost</c>, which is a word of RAM.</summary>
    Htif,
    VirtioBlock,
    VirtioConsole,
    VirtioEntropy,
    VirtioInput,
    VirtioScsi,

    /// <summary>A virtio slot without a device.</summary>
    VirtioEmpty,
}
