using CloudLab.Machine;

namespace CloudLab.ControlPlane.Instances;

/// <summary>The system check: a machine whose vCPUs want to run gets on. One that waits for an interrupt is fine too.</summary>
internal sealed class VcpuProgress(TimeSpan patience, TimeProvider time)
{
    private MachineMetrics? _last;
    private long _stuckSince;
    private bool _isStuck;

    /// <summary>Compares the counters with the last ones given. One thread at a time.</summary>
    public CheckStatus Check(MachineMetrics now)
    {
        MachineMetrics? last = _last;
        _last = now;
        bool wasStuck = _isStuck;
        // Time passes for a vCPU that runs (CPU time) or wants to (steal time), but no instruction retires.
        _isStuck = last is not null
            && now.Instructions == last.Instructions
            && (now.CpuTime > last.CpuTime || now.StealTime > last.StealTime);
        if (!_isStuck) return now.Instructions == 0 ? CheckStatus.Initializing : CheckStatus.Passed;
        if (!wasStuck) _stuckSince = time.GetTimestamp();
        return time.GetElapsedTime(_stuckSince) < patience ? CheckStatus.Passed : CheckStatus.Impaired;
    }
}
