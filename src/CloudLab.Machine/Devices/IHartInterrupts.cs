namespace CloudLab.Machine.Devices;

/// <summary>The interrupt inputs of the harts, driven by interrupt controllers from any thread. Wakes a waiting hart.</summary>
/// <remarks>
/// Controllers call it with their own lock held, so that levels arrive in the order in which they were decided: an
/// implementation takes no lock that is held while a device is called, and returns at once.
/// </remarks>
internal interface IHartInterrupts
{
    /// <summary>The number of harts.</summary>
    int Count { get; }

    /// <summary>Drives the external interrupt of a hart: its supervisor (SEIP) or machine (MEIP) context.</summary>
    void SetExternal(int hart, bool supervisor, bool level);

    /// <summary>Drives the machine software interrupt (MSIP) of a hart.</summary>
    void SetSoftware(int hart, bool level);

    /// <summary>Sets when the machine timer interrupt (MTIP) of a hart is high: while <c>mtime</c> is at or after <paramref name="mtimecmp"/>.</summary>
    void SetTimerDeadline(int hart, ulong mtimecmp);
}
