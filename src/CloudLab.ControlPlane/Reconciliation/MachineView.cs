namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>What a worker knows of its machine when it decides.</summary>
/// <param name="Presence">Whether there is one.</param>
/// <param name="Generation">The boot generation that it was started or last reset for.</param>
/// <param name="Asked">What its guest was asked for.</param>
/// <param name="IsOverdue">Whether the guest has had its time for that.</param>
internal readonly record struct MachineView(MachinePresence Presence, int Generation, GuestRequest Asked, bool IsOverdue);

/// <summary>What a guest was asked for last, and has not done yet.</summary>
internal enum GuestRequest
{
    None,
    ShutDown,

    /// <summary>To shut down so that it boots again, in the same machine.</summary>
    Reboot,
}

/// <summary>Whether there is a machine.</summary>
internal enum MachinePresence
{
    None,

    /// <summary>It runs, or is paused.</summary>
    Alive,

    /// <summary>It has stopped.</summary>
    Ended,
}
