namespace CloudLab.Machine.Devices;

/// <summary>All that a <see cref="GoldfishRtc"/> remembers; times in nanoseconds since 1970 as the guest sees them.</summary>
internal struct RtcState
{
    /// <summary>What the guest's time is ahead of the wall clock, after it set the clock.</summary>
    public long Offset;

    /// <summary>The high half of the time when the low half was last read.</summary>
    public uint TimeHigh;

    /// <summary>The high half of a time or an alarm that the guest is about to set.</summary>
    public uint NewTimeHigh;

    public uint AlarmHigh;
    public ulong Alarm;
    public bool AlarmArmed;
    public bool InterruptEnabled;
    public bool InterruptPending;
}
