namespace CloudLab.Storage.Blobs.Objects;

/// <summary>What a write does with the version that was there.</summary>
public enum BucketVersioning
{
    /// <summary>Never enabled: a write replaces the null version.</summary>
    Unversioned,

    /// <summary>A write makes a new version; a delete makes a delete marker.</summary>
    Enabled,

    /// <summary>A write replaces the null version and leaves the others; a delete leaves a null delete marker.</summary>
    Suspended,
}
