namespace CloudLab.Storage.Volumes;

/// <summary>The expected ways in which an operation on a volume can end without a result. A closed set.</summary>
public enum VolumeError
{
    /// <summary>No volume, or no snapshot, of that id.</summary>
    NotFound,

    /// <summary>There is another of that id, with other properties.</summary>
    Exists,

    /// <summary>An id, a size, a sector size or a range that cannot be.</summary>
    Invalid,

    /// <summary>Someone opened the volume with a newer epoch: this one writes no more.</summary>
    Fenced,

    /// <summary>What was written last is in a log that is not here: open it where it is, or by force.</summary>
    Undrained,

    /// <summary>It is open, here.</summary>
    Busy,

    /// <summary>Stored bytes do not match their checksum, or are missing.</summary>
    Corrupted,

    /// <summary>The local log cannot be written; what was flushed before is safe.</summary>
    LogFailed,

    /// <summary>The blob store does not answer; worth another try.</summary>
    Unavailable,

    /// <summary>A chain of clones has its greatest length.</summary>
    TooDeep,

    /// <summary>The volume is closed, or being closed.</summary>
    Closed,
}
