using CloudLab.Machine.Scheduling;
using Xunit;

namespace CloudLab.Machine.Tests.Scheduling;

public sealed class SchedulerTests
{
    [Fact]
    public void Weights_decide_how_often_a_ready_task_is_picked()
    {
        var queue = new ReadyQueue();
        VcpuTask light = NewTask(weight: 100), heavy = NewTask(weight: 300);
        var picked = new Dictionary<VcpuTask, int> { [light] = 0, [heavy] = 0 };
        queue.Add(light);
        queue.Add(heavy);
        for (int i = 0; i < 400; i++)
        {
            VcpuTask task = queue.Take()!;
            picked[task]++;
            ReadyQueue.Charge(task, 500_000);
            queue.Add(task);
        }

        Assert.InRange(picked[heavy], 299, 301);
    }

    [Fact]
    public void A_task_that_slept_does_not_take_the_time_it_slept()
    {
        var queue = new ReadyQueue();
        VcpuTask busy = NewTask(), sleeper = NewTask();
        queue.Add(busy);
        for (int i = 0; i < 100; i++)
        {
            Assert.Same(busy, queue.Take());
            ReadyQueue.Charge(busy, 1_000_000);
            queue.Add(busy);
        }

        queue.Add(sleeper);
        Assert.Same(sleeper, queue.Take());
        ReadyQueue.Charge(sleeper, 2_000_000);
        queue.Add(sleeper);
        Assert.Same(busy, queue.Take());
    }

    [Fact]
    public void A_task_whose_worker_the_host_held_up_catches_up()
    {
        var queue = new ReadyQueue();
        VcpuTask heldUp = NewTask(), other = NewTask();
        queue.Add(heldUp);
        queue.Add(other);
        Assert.Same(heldUp, queue.Take());
        // Its worker gets no core, while the other worker's does.
        for (int i = 0; i < 10; i++)
        {
            Assert.Same(other, queue.Take());
            ReadyQueue.Charge(other, 1_000_000);
            queue.Return(other);
        }

        for (int i = 0; i < 10; i++)
        {
            ReadyQueue.Charge(heldUp, 500_000);
            queue.Return(heldUp);
            Assert.Same(heldUp, queue.Take());
        }
    }

    [Fact]
    public async Task A_waiting_task_runs_again_when_it_is_woken_and_has_something_to_do()
    {
        using var scheduler = new VcpuScheduler(1);
        var ran = new SemaphoreSlim(0);
        var engine = new ScriptedEngine(engine =>
        {
            engine.IsRunnable = false;
            ran.Release();
            return VcpuExit.Waiting;
        });
        VcpuTask task = NewTask(engine);
        scheduler.Resume(task);
        await ran.WaitAsync(TestContext.Current.CancellationToken);
        scheduler.Wake(task);
        engine.IsRunnable = true;
        scheduler.Wake(task);
        await ran.WaitAsync(TestContext.Current.CancellationToken);
        await scheduler.ParkAsync(task);
        int runs = engine.Runs;
        engine.IsRunnable = true;
        scheduler.Wake(task);
        Assert.Equal(VcpuTaskState.Parked, task.State);
        Assert.Equal(runs, engine.Runs);
    }

    [Fact]
    public async Task A_waiting_task_whose_timer_another_hart_moved_closer_runs_at_the_new_time()
    {
        const ulong Far = 2, Near = 1;
        using var scheduler = new VcpuScheduler(1);
        var ran = new SemaphoreSlim(0);
        var engine = new ScriptedEngine(engine =>
        {
            engine.IsRunnable = false;
            ran.Release();
            return VcpuExit.Waiting;
        })
        { Deadline = Far };
        var task = new VcpuTask(
            engine, new CpuAllowance(100, VcpuScheduler.Now), weight: 100,
            ticks => ticks == Near ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromHours(1), () => { }, _ => { });
        scheduler.Resume(task);
        await ran.WaitAsync(TestContext.Current.CancellationToken);
        while (task.State != VcpuTaskState.Waiting) await Task.Yield();

        engine.Deadline = Near;
        scheduler.Wake(task);

        await ran.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, engine.Runs);
        await scheduler.ParkAsync(task);
    }

    [Fact]
    public async Task A_wake_that_comes_while_the_engine_is_about_to_wait_is_not_lost()
    {
        using var scheduler = new VcpuScheduler(2);
        var done = new TaskCompletionSource();
        VcpuTask task = null!;
        var engine = new ScriptedEngine(engine =>
        {
            if (engine.Runs > 1000)
            {
                done.TrySetResult();
                engine.IsRunnable = false;
                return VcpuExit.Waiting;
            }

            // The wake finds the task running, and must not be needed again.
            engine.IsRunnable = true;
            scheduler.Wake(task);
            return VcpuExit.Waiting;
        });
        task = NewTask(engine);
        scheduler.Resume(task);
        await done.Task.WaitAsync(TestContext.Current.CancellationToken);
        await scheduler.ParkAsync(task);
    }

    [Fact]
    public async Task An_engine_that_throws_costs_its_own_task_only()
    {
        using var scheduler = new VcpuScheduler(1);
        var fault = new TaskCompletionSource<Exception>();
        VcpuTask broken = NewTask(new ScriptedEngine(_ => throw new InvalidOperationException("broken")), fault.SetResult);
        scheduler.Resume(broken);
        Assert.Equal("broken", (await fault.Task.WaitAsync(TestContext.Current.CancellationToken)).Message);
        Assert.Equal(VcpuTaskState.Parked, broken.State);
        scheduler.Resume(broken);
        Assert.Equal(VcpuTaskState.Parked, broken.State);

        var ran = new TaskCompletionSource();
        VcpuTask other = NewTask(new ScriptedEngine(_ =>
        {
            ran.TrySetResult();
            return VcpuExit.Budget;
        }));
        scheduler.Resume(other);
        await ran.Task.WaitAsync(TestContext.Current.CancellationToken);
        await scheduler.ParkAsync(other);
        await scheduler.ParkAsync(broken);
    }

    [Fact]
    public async Task Deadlines_that_no_longer_hold_do_not_pile_up()
    {
        using var scheduler = new VcpuScheduler(1);
        // One that waits for less and stays at the head of the queue.
        VcpuTask first = NewTask(Sleeper(), until: TimeSpan.FromMinutes(30));
        scheduler.Resume(first);
        var done = new TaskCompletionSource();
        VcpuTask task = null!;
        var engine = new ScriptedEngine(engine =>
        {
            if (engine.Runs == 3000) done.TrySetResult();
            // Waits for an hour, and is runnable again as soon as it has been queued.
            engine.IsRunnable = false;
            return VcpuExit.Waiting;
        });
        engine.Deadline = 1;
        task = NewTask(engine);
        scheduler.Resume(task);
        while (!done.Task.IsCompleted)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            if (task.State == VcpuTaskState.Waiting)
            {
                engine.IsRunnable = true;
                scheduler.Wake(task);
            }

            await Task.Yield();
        }

        Assert.InRange(scheduler.QueuedDeadlines, 1, 1000);
        await scheduler.ParkAsync(task);
        await scheduler.ParkAsync(first);
    }

    [Fact]
    public async Task A_deadline_wakes_one_worker_and_leaves_the_others_asleep()
    {
        const int Workers = 8, Deadlines = 100;
        using var scheduler = new VcpuScheduler(Workers);
        var done = new TaskCompletionSource();
        var engine = new ScriptedEngine(engine =>
        {
            if (engine.Runs > Deadlines)
            {
                engine.Deadline = ulong.MaxValue;
                done.TrySetResult();
            }

            engine.IsRunnable = false;
            return VcpuExit.Waiting;
        })
        {
            Deadline = 1,
        };
        VcpuTask task = NewTask(engine, until: TimeSpan.FromMicroseconds(100));
        scheduler.Resume(task);
        await done.Task.WaitAsync(TestContext.Current.CancellationToken);
        await scheduler.ParkAsync(task);
        // Each of the others once, and whoever is rung while it has not gone to sleep yet.
        Assert.InRange(scheduler.Sleeps, 1, Deadlines + (3 * Workers));
    }

    [Fact]
    public async Task A_deadline_is_met_while_another_worker_runs()
    {
        using var scheduler = new VcpuScheduler(2);
        var met = new TaskCompletionSource();
        using var isMet = new ManualResetEventSlim();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        // Runs one slice that lasts until the other's deadline was met.
        VcpuTask busy = NewTask(new ScriptedEngine(engine =>
        {
            if (engine.Runs > 1) return VcpuExit.Budget;
            isMet.Wait(cancellation);
            return VcpuExit.Budget;
        }));
        VcpuTask sleeper = NewTask(
            new ScriptedEngine(engine =>
            {
                if (engine.Runs == 2)
                {
                    isMet.Set();
                    met.TrySetResult();
                }

                if (engine.Runs == 1) scheduler.Resume(busy);
                engine.IsRunnable = false;
                return VcpuExit.Waiting;
            })
            {
                Deadline = 1,
            },
            until: TimeSpan.FromMilliseconds(20));
        scheduler.Resume(sleeper);
        await met.Task.WaitAsync(TestContext.Current.CancellationToken);
        await scheduler.ParkAsync(sleeper);
        await scheduler.ParkAsync(busy);
    }

    private static ScriptedEngine Sleeper()
    {
        var engine = new ScriptedEngine(engine =>
        {
            engine.IsRunnable = false;
            return VcpuExit.Waiting;
        });
        engine.Deadline = 1;
        return engine;
    }

    private static VcpuTask NewTask(IVcpuEngine? engine = null, Action<Exception>? onFault = null, int weight = 100, TimeSpan? until = null) =>
        new(
            engine ?? new ScriptedEngine(_ => VcpuExit.Budget), new CpuAllowance(100, VcpuScheduler.Now), weight,
            _ => until ?? TimeSpan.FromHours(1), () => { }, onFault ?? (_ => { }));

    private static VcpuTask NewTask(int weight) => NewTask(null, null, weight);
}
