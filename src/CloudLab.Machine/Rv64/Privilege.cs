namespace CloudLab.Machine.Rv64;

/// <summary>The privilege modes (privileged specification, 1.2), by their encoding.</summary>
internal enum Privilege : byte
{
    User = 0,
    Supervisor = 1,
    Machine = 3,
}
