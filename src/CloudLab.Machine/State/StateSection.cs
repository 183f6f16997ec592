namespace CloudLab.Machine.State;

/// <summary>The kinds of sections of a saved machine, by their numbers in the format. A number is never used again for another.</summary>
internal enum StateSection : ushort
{
    /// <summary>What the machine is made of, to be compared with the spec it is restored to.</summary>
    Machine = 1,

    /// <summary>Which RAM file belongs to the state.</summary>
    Memory = 2,

    /// <summary>The guest's clock.</summary>
    Clock = 3,

    /// <summary>A hart; the index is its id.</summary>
    Hart = 4,

    Aclint = 5,
    Plic = 6,
    Uart = 7,
    Rtc = 8,

    /// <summary>A virtio device with transport and queues; the index is its slot.</summary>
    Virtio = 9,

    /// <summary>The disks that are plugged into the SCSI adapter.</summary>
    ScsiUnits = 10,
}
