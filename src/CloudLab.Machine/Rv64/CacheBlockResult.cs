namespace CloudLab.Machine.Rv64;

/// <summary>How a cache-block operation ended.</summary>
internal enum CacheBlockResult
{
    Done,

    /// <summary>It is not an operation, or envcfg forbids it in this mode.</summary>
    Illegal,

    /// <summary>The address faulted; the trap has been raised.</summary>
    Trapped,
}
