namespace CloudLab.Machine.Rv64;

/// <summary>What an access to memory is for; it decides permissions and the cause of a fault.</summary>
internal enum AccessKind
{
    Load,
    Store,
    Fetch,
}
