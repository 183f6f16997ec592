namespace CloudLab.Storage.Volumes.Log;

/// <summary>What the log says of a block.</summary>
internal enum LogFindingKind
{
    /// <summary>Nothing: look into the map.</summary>
    Nothing,

    /// <summary>It was written; the location says where.</summary>
    Written,

    /// <summary>It reads as zeroes.</summary>
    Trimmed,
}

/// <summary>What the log says of a block, and where it is.</summary>
internal readonly record struct LogFinding(LogFindingKind Kind, LogLocation Location);
