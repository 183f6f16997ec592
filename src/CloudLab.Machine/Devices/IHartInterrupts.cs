namespace CloudLab.Machine.Devices;

/// <summary>The interrupt inputs of the harts, driven by interrupt controllers from any thread. Wakes a waiting hart.</summary>
internal interface IHartInterrupts
{
    /// <summary>The number of harts.</summary>
    int Count { get; }

    /// <summary>Drives the external interrupt of a hart: its supervisor (SEIP) or machine (MEIP) context.</summary>
    void SetExternal(int hart, bool supervisor, bool level);
}
