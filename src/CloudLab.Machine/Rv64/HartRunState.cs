namespace CloudLab.Machine.Rv64;

/// <summary>The states of SBI hart state management (SBI specification 2.0, chapter 9, table 9), by their numbers.</summary>
internal enum HartRunState
{
    Started = 0,
    Stopped = 1,
    StartPending = 2,
}
