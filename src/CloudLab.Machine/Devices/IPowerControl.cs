namespace CloudLab.Machine.Devices;

/// <summary>What a guest may ask of its machine. Called on a vCPU's thread in the middle of a store: only notes the wish.</summary>
internal interface IPowerControl
{
    /// <summary>Switch the machine off.</summary>
    void PowerOff();

    /// <summary>Boot the machine again.</summary>
    void Reset();

    /// <summary>Stop the machine, because the guest failed with <paramref name="code"/> (not negative).</summary>
    void Fail(int code);
}
