namespace CloudLab.Machine.Rv64;

/// <summary>
/// The contexts with a TLB table of their own, so that a change of privilege or of mstatus.SUM needs no flush: it
/// switches tables.
/// </summary>
internal enum TlbContext
{
    User = 0,
    Supervisor = 1,

    /// <summary>Supervisor with SUM set: user pages are readable and writable.</summary>
    SupervisorWithUserAccess = 2,
    Machine = 3,
}
