namespace CloudLab.Machine.Scheduling;

/// <summary>One host thread that runs vCPUs, as the scheduler keeps it.</summary>
internal sealed class VcpuWorker(Thread thread) : IDisposable
{
    public Thread Thread { get; } = thread;

    public WorkerBell Bell { get; } = new();

    /// <summary>While it sleeps, when it wakes by itself to look at the deadlines; <see cref="long.MaxValue"/> is never. Guarded by the scheduler's lock.</summary>
    public long WakesAt { get; set; }

    public void Dispose() => Bell.Dispose();
}
