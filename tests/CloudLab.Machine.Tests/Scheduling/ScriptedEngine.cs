using CloudLab.Machine.Scheduling;

namespace CloudLab.Machine.Tests.Scheduling;

/// <summary>An engine whose slices a test writes.</summary>
internal sealed class ScriptedEngine(Func<ScriptedEngine, VcpuExit> run) : IVcpuEngine
{
    private volatile bool _isRunnable = true;
    private int _runs;

    public int Runs => Volatile.Read(ref _runs);

    public int Kicks { get; private set; }

    public bool IsRunnable
    {
        get => _isRunnable;
        set => _isRunnable = value;
    }

    public ulong Deadline { get; set; } = ulong.MaxValue;

    public ulong Instructions => 0;

    public VcpuExit Run(long instructions)
    {
        Interlocked.Increment(ref _runs);
        return run(this);
    }

    public void Kick() => Kicks++;

    public void Reset()
    {
    }

    public void ReadCounters(IDictionary<string, ulong> exits, IDictionary<string, ulong> traps)
    {
    }

    public void Dispose()
    {
    }
}
