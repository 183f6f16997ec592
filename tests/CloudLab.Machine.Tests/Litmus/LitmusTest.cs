namespace CloudLab.Machine.Tests.Litmus;

/// <summary>
/// A few memory accesses on each of some harts, and the outcomes that RVWMO (unprivileged specification, "RVWMO Memory
/// Consistency Model") forbids.
/// </summary>
/// <param name="Name">As the litmus literature names the shape, and what keeps the order in it.</param>
/// <param name="IsForbidden">Whether an outcome must never be seen.</param>
/// <param name="Harts">
/// Each hart's accesses, in the registers of <see cref="LitmusRun"/>. Both locations are zero at first.
/// </param>
internal sealed record LitmusTest(string Name, Func<Outcome, bool> IsForbidden, params uint[][] Harts)
{
    public override string ToString() => Name;
}
