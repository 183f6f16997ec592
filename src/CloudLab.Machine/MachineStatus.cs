namespace CloudLab.Machine;

/// <summary>A machine's state at one moment.</summary>
/// <param name="State">Where in its life the machine is.</param>
/// <param name="StopReason">Why it stopped, else <see cref="StopReason.None"/>.</param>
/// <param name="Detail">A sentence for people about the reason for a stop or for want of memory, or null.</param>
/// <param name="Boots">How often the guest has been started in this machine: 1 after the start, one more for each reset.</param>
/// <param name="ExitCode">What the guest ended with: 0 when it powered off, the code of a failure that it reported, else null.</param>
/// <param name="PauseReason">Why it is paused, else <see cref="PauseReason.None"/>; want of memory before a request.</param>
public sealed record MachineStatus(
    MachineState State, StopReason StopReason, string? Detail, int Boots, int? ExitCode = null, PauseReason PauseReason = PauseReason.None);
