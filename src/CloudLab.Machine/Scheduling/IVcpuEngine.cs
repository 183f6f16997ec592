namespace CloudLab.Machine.Scheduling;

/// <summary>
/// What runs one virtual CPU, whatever its architecture: the seam between machines and execution engines.
/// </summary>
/// <remarks><see cref="Run"/> and the counters' writers belong to one worker thread at a time; the rest is for any thread.</remarks>
internal interface IVcpuEngine : IDisposable
{
    /// <summary>Executes up to about <paramref name="instructions"/> guest instructions.</summary>
    VcpuExit Run(long instructions);

    /// <summary>Whether <see cref="Run"/> would execute something now: a woken or never stopped vCPU.</summary>
    bool IsRunnable { get; }

    /// <summary>When a waiting vCPU must be looked at again, in guest ticks; all ones is never.</summary>
    ulong Deadline { get; }

    /// <summary>Makes <see cref="Run"/> return soon.</summary>
    void Kick();

    /// <summary>Returns to power-on state; the machine is stopped.</summary>
    void Reset();

    /// <summary>Guest instructions retired so far.</summary>
    ulong Instructions { get; }

    /// <summary>Fills in this vCPU's exits and traps, all causes there are.</summary>
    void ReadCounters(IDictionary<string, ulong> exits, IDictionary<string, ulong> traps);
}
