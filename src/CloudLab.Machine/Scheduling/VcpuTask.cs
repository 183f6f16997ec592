namespace CloudLab.Machine.Scheduling;

/// <summary>One vCPU as the scheduler keeps it. All but the constructor's values is guarded by the scheduler's lock.</summary>
internal sealed class VcpuTask(
    IVcpuEngine engine, CpuAllowance allowance, int weight, Func<ulong, TimeSpan> until, Action afterSlice, Action<Exception> onFault)
{
    public IVcpuEngine Engine { get; } = engine;

    /// <summary>The machine's cap, shared by all its vCPUs.</summary>
    public CpuAllowance Allowance { get; } = allowance;

    /// <summary>The share when cores are short, relative to other vCPUs.</summary>
    public int Weight { get; } = weight;

    /// <summary>How long until the machine's clock shows a deadline.</summary>
    public Func<ulong, TimeSpan> Until { get; } = until;

    /// <summary>Called on the worker after each slice, outside the lock.</summary>
    public Action AfterSlice { get; } = afterSlice;

    /// <summary>Called on the worker when the engine or <see cref="AfterSlice"/> threw, outside the lock. Does not throw.</summary>
    public Action<Exception> OnFault { get; } = onFault;

    public VcpuTaskState State { get; set; } = VcpuTaskState.Parked;

    /// <summary>Weighted CPU time in nanoseconds: the ready task with the least runs next.</summary>
    public double VirtualTime { get; set; }

    /// <summary>Counts waits, so that an outdated entry in the queue of deadlines is known.</summary>
    public long WaitNumber { get; set; }

    /// <summary>The engine's deadline when the task began to wait, in guest ticks.</summary>
    public ulong WaitsUntil { get; set; }

    /// <summary>When the task became ready, for steal time.</summary>
    public long ReadySince { get; set; }

    /// <summary>When a worker took it, for the steal time within its slice.</summary>
    public long RunningSince { get; set; }

    /// <summary>How long its last slice took, by the clock on the wall.</summary>
    public long LastSliceNanoseconds { get; set; }

    public long CpuNanoseconds { get; set; }

    public long StealNanoseconds { get; set; }

    /// <summary>Set while someone waits for the task to be parked.</summary>
    public TaskCompletionSource? ParkRequest { get; set; }

    /// <summary>What the engine threw, if it did: a fault of the VMM's own. The task stays parked.</summary>
    public Exception? Fault { get; set; }
}
