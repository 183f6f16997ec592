namespace CloudLab.Storage.Blobs;

/// <summary>The expected ways in which a blob operation can end without a result. A closed set.</summary>
public enum BlobError
{
    /// <summary>No object of that name.</summary>
    NotFound,

    /// <summary>The condition of a put did not hold.</summary>
    ConditionFailed,

    /// <summary>The range starts at or past the end.</summary>
    RangeNotSatisfiable,

    /// <summary>The name is empty, too long, or has control characters.</summary>
    InvalidName,

    /// <summary>The stored bytes do not match their checksum; the object is not served.</summary>
    Corrupt,
}
