using CloudLab.Machine;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>What all machines of this host have done since the process started, those that are gone included: it only grows.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class MachineTotals
{
    private readonly Lock _lock = new();
    private readonly HashSet<RunningMachine> _alive = [];
    private MachineMetrics _ended = Nothing;

    private static MachineMetrics Nothing =>
        new(0, TimeSpan.Zero, TimeSpan.Zero, new Dictionary<string, ulong>(), new Dictionary<string, ulong>());

    /// <summary>Counts a machine from now on.</summary>
    public void Include(RunningMachine machine)
    {
        lock (_lock) _alive.Add(machine);
    }

    /// <summary>Keeps what a machine has done; it is about to go.</summary>
    public void Retire(RunningMachine machine)
    {
        lock (_lock)
            if (_alive.Remove(machine))
                _ended = Sum(_ended, machine.ReadMetrics());
    }

    /// <summary>How many machines there are, and what all of them have done.</summary>
    public (int Machines, MachineMetrics Work) Read()
    {
        // Under the lock no machine retires, so each is read while it is there.
        lock (_lock) return (_alive.Count, _alive.Select(machine => machine.ReadMetrics()).Aggregate(_ended, Sum));
    }

    private static MachineMetrics Sum(MachineMetrics left, MachineMetrics right) => left with
    {
        Instructions = left.Instructions + right.Instructions,
        CpuTime = left.CpuTime + right.CpuTime,
        StealTime = left.StealTime + right.StealTime,
        Exits = Sum(left.Exits, right.Exits),
        Traps = Sum(left.Traps, right.Traps),
    };

    private static Dictionary<string, ulong> Sum(IReadOnlyDictionary<string, ulong> left, IReadOnlyDictionary<string, ulong> right)
    {
        var sum = new Dictionary<string, ulong>(left);
        foreach ((string cause, ulong count) in right) sum[cause] = sum.GetValueOrDefault(cause) + count;
        return sum;
    }
}
