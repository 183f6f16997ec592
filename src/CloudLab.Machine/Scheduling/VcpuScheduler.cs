using System.Diagnostics;

namespace CloudLab.Machine.Scheduling;

/// <summary>
/// A fixed set of named host threads that run all vCPUs of all machines, in slices, by weight and cap.
/// </summary>
/// <remarks>
/// <code>
///            Resume              picked                 Budget
///   Parked ─────────▶ Ready ─────────────▶ Running ─────────────▶ Ready
///     ▲                 ▲                     │ │ cap used up
///     │ ParkAsync       │ Wake, deadline      │ └──────────────▶ Throttled ─ time ─▶ Ready
///     └── any state     └────── Waiting ◀─────┘ guest idle
/// </code>
/// One lock guards all queues and task states; it is held for moments only, never while guest code runs, and it is a
/// leaf: nothing is called under it but the engine's cheap questions. A guest's interrupt reaches its vCPU by
/// <see cref="Wake"/> when it waits and by the engine's own attention flag when it runs.
/// <para>
/// Of the workers that sleep, one wakes for the next deadline and the others when they are rung: an idle guest's timer
/// costs one wake of one thread. A worker that runs a slice looks at the deadlines after it; one that falls due earlier
/// is left to a sleeper.
/// </para>
/// </remarks>
internal sealed class VcpuScheduler : IDisposable
{
    // A third to two thirds of a millisecond of guest code: what a pause, a GC or a due timer waits for at most.
    private const long SliceInstructions = 150_000;

    // More than most slices take.
    private const long SliceNanoseconds = 2_000_000;

    // Below this the outdated deadlines are not worth looking for.
    private const int SmallestCompaction = 256;

    private readonly Lock _lock = new();
    private readonly ReadyQueue _ready = new();
    private readonly PriorityQueue<(VcpuTask Task, long WaitNumber), long> _deadlines = new();
    private readonly List<VcpuWorker> _workers = [];
    private readonly List<VcpuWorker> _asleep = [];
    private long _sleeps;
    private int _compactAt = SmallestCompaction;
    private bool _isDisposed;

    public VcpuScheduler(int workers)
    {
        for (int i = 0; i < workers; i++)
        {
            VcpuWorker worker = null!;
            worker = new VcpuWorker(new Thread(() => Work(worker)) { IsBackground = true, Name = $"vcpu-worker-{i}" });
            _workers.Add(worker);
        }

        foreach (VcpuWorker worker in _workers) worker.Thread.Start();
    }

    /// <summary>The monotonic clock that waits and allowances are counted on, in nanoseconds.</summary>
    public static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>How many deadlines are queued, outdated ones included.</summary>
    public int QueuedDeadlines
    {
        get
        {
            lock (_lock) return _deadlines.Count;
        }
    }

    /// <summary>How often a worker went to sleep so far.</summary>
    public long Sleeps
    {
        get
        {
            lock (_lock) return _sleeps;
        }
    }

    /// <summary>Lets a parked task run.</summary>
    public void Resume(VcpuTask task)
    {
        lock (_lock)
        {
            if (task.State != VcpuTaskState.Parked || task.Fault is not null) return;
            MakeReady(task);
            RingOne();
        }
    }

    /// <summary>Takes a task out of the schedule; ends when it does not run any more.</summary>
    public Task ParkAsync(VcpuTask task)
    {
        lock (_lock)
        {
            if (task.State != VcpuTaskState.Running)
            {
                _ready.Remove(task);
                task.WaitNumber++;
                task.State = VcpuTaskState.Parked;
                return Task.CompletedTask;
            }

            task.ParkRequest ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task.Engine.Kick();
            return task.ParkRequest.Task;
        }
    }

    /// <summary>A waiting task may have something to do, or another deadline. Any thread.</summary>
    public void Wake(VcpuTask task)
    {
        lock (_lock)
        {
            if (task.State != VcpuTaskState.Waiting) return;
            if (task.Engine.IsRunnable)
            {
                MakeReady(task);
                RingOne();
            }
            else if (task.Engine.Deadline is var deadline && deadline != task.WaitsUntil)
            {
                // Another hart has moved its timer.
                WaitForGuest(task, Now);
                if (_deadlines.TryPeek(out _, out long due) && !IsWatched(due)) RingOne();
            }
        }
    }

    /// <summary>CPU time and steal time of a task up to its last slice.</summary>
    public (TimeSpan Cpu, TimeSpan Steal) ReadTimes(VcpuTask task)
    {
        lock (_lock) return (TimeSpan.FromTicks(task.CpuNanoseconds / 100), TimeSpan.FromTicks(task.StealNanoseconds / 100));
    }

    /// <summary>Ends the workers. Every task is parked.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            while (_asleep.Count > 0) RingOne();
        }

        foreach (VcpuWorker worker in _workers)
        {
            worker.Thread.Join();
            worker.Dispose();
        }
    }

    private void Work(VcpuWorker worker)
    {
        HostThread.YieldToOthers();
        while (Next(worker) is { } task)
        {
            long before = ThreadCpuClock.Nanoseconds;
            VcpuExit exit = VcpuExit.Halted;
            try
            {
                exit = task.Engine.Run(SliceInstructions);
                task.AfterSlice();
            }
            catch (Exception fault)
            {
                // A fault in the VMM costs the machine it happened in, not the process.
                task.Fault = fault;
            }

            Finish(task, exit, ThreadCpuClock.Nanoseconds - before);
            if (task.Fault is { } met) task.OnFault(met);
        }
    }

    /// <summary>Waits for a task to run; null at the end.</summary>
    private VcpuTask? Next(VcpuWorker worker)
    {
        while (true)
        {
            long wait;
            lock (_lock)
            {
                _asleep.Remove(worker);
                if (_isDisposed) return null;
                long now = Now;
                MoveDue(now);
                if (_ready.Take() is { } task)
                {
                    task.State = VcpuTaskState.Running;
                    task.StealNanoseconds += now - task.ReadySince;
                    task.RunningSince = now;
                    LeaveToOthers(task, now);
                    return task;
                }

                wait = FallAsleep(worker, now);
            }

            worker.Bell.Wait(wait);
        }
    }

    /// <summary>Before a worker runs a slice: rings a sleeper if there is more to run, or will be before the slice is over.</summary>
    private void LeaveToOthers(VcpuTask task, long now)
    {
        // A guest that does little but leave for the VMM takes longer for its slice.
        long over = now + Math.Max(SliceNanoseconds, 2 * task.LastSliceNanoseconds);
        if (_ready.Count > 0 || (_deadlines.TryPeek(out _, out long due) && due < over && !IsWatched(due))) RingOne();
    }

    /// <returns>For how many nanoseconds the worker is to sleep, if nobody rings.</returns>
    private long FallAsleep(VcpuWorker worker, long now)
    {
        _sleeps++;
        worker.WakesAt = _deadlines.TryPeek(out _, out long due) && !IsWatched(due) ? due : long.MaxValue;
        _asleep.Add(worker);
        return worker.WakesAt == long.MaxValue ? long.MaxValue : worker.WakesAt - now;
    }

    /// <summary>Whether a sleeper wakes for a deadline.</summary>
    private bool IsWatched(long due)
    {
        foreach (VcpuWorker sleeper in _asleep)
            if (sleeper.WakesAt <= due)
                return true;
        return false;
    }

    /// <summary>Wakes the worker that slept least, if one sleeps: its core and caches are the warmest.</summary>
    private void RingOne()
    {
        if (_asleep.Count == 0) return;
        VcpuWorker worker = _asleep[^1];
        _asleep.RemoveAt(_asleep.Count - 1);
        worker.Bell.Ring();
    }

    private void Finish(VcpuTask task, VcpuExit exit, long used)
    {
        lock (_lock)
        {
            long now = Now;
            task.LastSliceNanoseconds = now - task.RunningSince;
            task.CpuNanoseconds += used;
            // The host may have run something else on this worker's core meanwhile.
            task.StealNanoseconds += Math.Max(0, now - task.RunningSince - used);
            ReadyQueue.Charge(task, used);
            task.Allowance.Take(used, now);
            if (task.ParkRequest is { } request || task.Fault is not null)
            {
                task.State = VcpuTaskState.Parked;
                task.ParkRequest?.SetResult();
                task.ParkRequest = null;
                return;
            }

            bool isIdle = exit is VcpuExit.Waiting or VcpuExit.Halted && !task.Engine.IsRunnable;
            if (isIdle) WaitForGuest(task, now);
            else if (task.Allowance.Wait(now) is > 0 and long wait) WaitUntil(task, VcpuTaskState.Throttled, now, now + wait);
            else MakeReady(task, goesOn: true);
        }
    }

    private void WaitForGuest(VcpuTask task, long now)
    {
        ulong deadline = task.Engine.Deadline;
        task.WaitsUntil = deadline;
        if (deadline != ulong.MaxValue)
        {
            WaitUntil(task, VcpuTaskState.Waiting, now, now + (task.Until(deadline).Ticks * 100));
            return;
        }

        task.State = VcpuTaskState.Waiting;
        task.WaitNumber++;
    }

    private void WaitUntil(VcpuTask task, VcpuTaskState state, long now, long due)
    {
        task.State = state;
        task.ReadySince = now;
        _deadlines.Enqueue((task, ++task.WaitNumber), due);
        if (_deadlines.Count > _compactAt) DropOutdated();
    }

    /// <summary>
    /// Outdated deadlines leave the queue when they are due, which may be in an hour: a guest that sets such a timer and
    /// is woken otherwise, again and again, would fill memory with them.
    /// </summary>
    private void DropOutdated()
    {
        ((VcpuTask Task, long WaitNumber) Entry, long Due)[] current =
            [.. _deadlines.UnorderedItems.Where(item => item.Element.WaitNumber == item.Element.Task.WaitNumber)];
        _deadlines.Clear();
        _deadlines.EnqueueRange(current);
        _compactAt = Math.Max(SmallestCompaction, 2 * current.Length);
    }

    private void MoveDue(long now)
    {
        while (_deadlines.TryPeek(out (VcpuTask Task, long WaitNumber) entry, out long due)
            && (due <= now || entry.WaitNumber != entry.Task.WaitNumber))
        {
            _deadlines.Dequeue();
            if (entry.WaitNumber != entry.Task.WaitNumber) continue;
            // Time spent throttled is stolen from the guest; time it waited of its own will is not.
            long since = entry.Task.State == VcpuTaskState.Throttled ? entry.Task.ReadySince : now;
            MakeReady(entry.Task);
            entry.Task.ReadySince = since;
        }
    }

    private void MakeReady(VcpuTask task, bool goesOn = false)
    {
        task.State = VcpuTaskState.Ready;
        task.WaitNumber++;
        task.ReadySince = Now;
        if (goesOn) _ready.Return(task);
        else _ready.Add(task);
    }
}
