namespace CloudLab.Machine.Memory;

/// <summary>What a store to the watched word led to.</summary>
internal enum WatchedStore
{
    /// <summary>Nothing: the word holds no command.</summary>
    Ignored,

    /// <summary>A command was carried out.</summary>
    Served,

    /// <summary>The guest has asked for its machine's end.</summary>
    Ended,
}
