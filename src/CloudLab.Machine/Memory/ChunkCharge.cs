namespace CloudLab.Machine.Memory;

/// <summary>Whether a chunk of RAM is charged to the budget.</summary>
internal enum ChunkCharge : byte
{
    /// <summary>Nothing was written to it: it costs the host nothing.</summary>
    None,

    /// <summary>It may be written until the next reset.</summary>
    Touched,

    /// <summary>It may be written while the machine exists.</summary>
    Kept,
}
