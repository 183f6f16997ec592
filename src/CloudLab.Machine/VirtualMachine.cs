namespace CloudLab.Machine;

/// <summary>One machine: a state machine that takes its commands from a queue, one at a time.</summary>
/// <remarks>Methods may be called from any thread and are idempotent. Events are raised on a thread-pool thread, in order.</remarks>
public abstract class VirtualMachine : IAsyncDisposable
{
    /// <summary>The spec it was made from.</summary>
    public abstract MachineSpec Spec { get; }

    /// <summary>The state now.</summary>
    public abstract MachineStatus Status { get; }

    /// <summary>Raised after each change of <see cref="Status"/>, with the new one. A guest's own reboot raises it with <c>Boots</c> + 1.</summary>
    public event Action<MachineStatus>? StatusChanged;

    /// <summary>Bytes that the guest's agent wrote to its port <c>org.cloudlab.agent.0</c>. Raised on a device thread: be quick.</summary>
    public event Action<ReadOnlyMemory<byte>>? AgentReceived;

    /// <summary>Loads RAM and starts the boot hart. Ends when the machine is Running.</summary>
    public abstract Task StartAsync();

    /// <summary>Ends when no vCPU executes. Nothing when paused already.</summary>
    public abstract Task PauseAsync();

    /// <summary>Goes on after a pause.</summary>
    public abstract Task ResumeAsync();

    /// <summary>Clears RAM, resets every device and boots again, from Running or Paused.</summary>
    public abstract Task ResetAsync();

    /// <summary>Presses the power key; the guest may or may not answer it.</summary>
    public abstract Task PressPowerKeyAsync();

    /// <summary>Stops at once, without asking the guest. Ends when no vCPU executes and device I/O has drained.</summary>
    public abstract Task StopAsync();

    /// <summary>Sends bytes to the agent's port; dropped when the guest has not opened it or its queue is full.</summary>
    public abstract bool TrySendToAgent(ReadOnlySpan<byte> bytes);

    /// <summary>Counters up to now.</summary>
    public abstract MachineMetrics ReadMetrics();

    /// <summary>Stops the machine and frees all it holds.</summary>
    public abstract ValueTask DisposeAsync();

    protected void RaiseStatusChanged(MachineStatus status) => StatusChanged?.Invoke(status);

    protected void RaiseAgentReceived(ReadOnlyMemory<byte> bytes) => AgentReceived?.Invoke(bytes);
}
