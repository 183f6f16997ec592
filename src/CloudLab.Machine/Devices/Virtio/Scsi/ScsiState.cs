namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>What a <see cref="ScsiDevice"/> remembers beside its queues and its units.</summary>
internal sealed class ScsiState
{
    /// <summary>The most events that wait for buffers of the driver; what comes then is told as "missed".</summary>
    public const int EventCapacity = 64;

    /// <summary>The longest sense data there is in bytes (SPC-4, section 4.5.1).</summary>
    public const uint MaxSenseSize = 252;

    /// <summary>The longest command there is in bytes (SPC-4, section 4.3.3).</summary>
    public const uint MaxCdbSize = 260;

    /// <summary>The room for sense data in a request, as the driver set it, in bytes.</summary>
    public uint SenseSize { get; set; } = 96;

    /// <summary>The room for a command in a request, as the driver set it, in bytes.</summary>
    public uint CdbSize { get; set; } = 32;

    /// <summary>Events for the driver, oldest first.</summary>
    public Queue<ScsiEvent> Events { get; } = new();

    /// <summary>Whether there was an event without room.</summary>
    public bool EventsMissed { get; set; }

    public void Clear()
    {
        SenseSize = 96;
        CdbSize = 32;
        Events.Clear();
        EventsMissed = false;
    }
}
