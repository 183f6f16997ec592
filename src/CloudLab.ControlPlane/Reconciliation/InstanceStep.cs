namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>What a worker does next for its instance.</summary>
internal enum InstanceStep
{
    /// <summary>Nothing: what is observed is what is desired, or it takes time.</summary>
    None,

    /// <summary>Make a machine and start it.</summary>
    Start,

    /// <summary>Write that the machine has booted.</summary>
    RecordBoot,

    /// <summary>Reset the machine.</summary>
    Reset,

    /// <summary>Ask the guest to shut down.</summary>
    AskForShutdown,

    /// <summary>Ask the guest to shut down, and have the machine boot again when it does.</summary>
    AskForReboot,

    /// <summary>Stop the machine without asking.</summary>
    ForceStop,

    /// <summary>Free what is left of the machine.</summary>
    Drop,

    /// <summary>Write that no machine is left, as desired.</summary>
    RecordEnd,

    /// <summary>Write that the machine ended by itself.</summary>
    RecordGuestEnd,
}
