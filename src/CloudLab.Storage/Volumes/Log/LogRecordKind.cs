namespace CloudLab.Storage.Volumes.Log;

/// <summary>What a record of the log says. The numbers are in files.</summary>
internal enum LogRecordKind : byte
{
    /// <summary>Blocks have new content.</summary>
    Write = 1,

    /// <summary>Blocks read as zeroes.</summary>
    Trim = 2,

    /// <summary>The volume has a new size.</summary>
    Resize = 3,

    /// <summary>The state here is to be held as a snapshot.</summary>
    Snapshot = 4,

    /// <summary>A snapshot that was asked for before is not wanted any more.</summary>
    Forget = 5,
}
