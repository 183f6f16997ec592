namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>What a worker knows of its machine when it decides.</summary>
/// <param name="Presence">Whether there is one.</param>
/// <param name="Generation">The boot generation that it was started or last reset for.</param>
/// <param name="IsShutdownAsked">Whether its guest was asked to shut down.</param>
/// <param name="IsShutdownOverdue">Whether the guest has had its time for that.</param>
internal readonly record struct MachineView(
    MachinePresence Presence, int Generation, bool IsShutdownAsked, bool IsShutdownOverdue);

/// <summary>Whether there is a machine.</summary>
internal enum MachinePresence
{
    None,

    /// <summary>It runs, or is paused.</summary>
    Alive,

    /// <summary>It has stopped.</summary>
    Ended,
}
