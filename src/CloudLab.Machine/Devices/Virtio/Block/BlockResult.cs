namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>How a block request ended. A closed set.</summary>
public enum BlockResult
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>The range does not lie within the disk or is not a multiple of the sector size.</summary>
    OutOfRange,

    /// <summary>The disk is read-only.</summary>
    ReadOnly,

    /// <summary>The backend cannot do this operation.</summary>
    Unsupported,

    /// <summary>The medium failed; the backend's log says how.</summary>
    IoError,
}
