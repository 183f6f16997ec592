namespace CloudLab.Machine.Scheduling;

/// <summary>
/// The tasks that want a worker, shared out by weight: each has a virtual time that grows with the CPU time it takes,
/// slower the heavier it is, and the one furthest behind runs next. Guarded by the scheduler's lock.
/// </summary>
internal sealed class ReadyQueue
{
    private readonly List<VcpuTask> _tasks = [];
    private double _virtualTime;

    public int Count => _tasks.Count;

    /// <summary>Adds a task that did not want to run, or might not: it does not catch up on that time.</summary>
    public void Add(VcpuTask task)
    {
        task.VirtualTime = Math.Max(task.VirtualTime, _virtualTime);
        _tasks.Add(task);
    }

    /// <summary>
    /// Adds a task that has just run and goes on: where it is behind, as after a slice that the host interrupted while
    /// other workers ran others, it catches up.
    /// </summary>
    public void Return(VcpuTask task) => _tasks.Add(task);

    public void Remove(VcpuTask task) => _tasks.Remove(task);

    /// <summary>Takes the task that is to run next; null when there is none.</summary>
    public VcpuTask? Take()
    {
        VcpuTask? first = null;
        foreach (VcpuTask task in _tasks)
            if (first is null || task.VirtualTime < first.VirtualTime)
                first = task;
        if (first is null) return null;
        _tasks.Remove(first);
        _virtualTime = Math.Max(_virtualTime, first.VirtualTime);
        return first;
    }

    /// <summary>Books the nanoseconds that a task ran.</summary>
    public static void Charge(VcpuTask task, long nanoseconds) => task.VirtualTime += nanoseconds * 100.0 / task.Weight;
}
