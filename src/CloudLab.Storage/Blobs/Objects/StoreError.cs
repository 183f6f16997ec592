namespace CloudLab.Storage.Blobs.Objects;

/// <summary>The expected ways in which an operation of the object store can end without a result. A closed set.</summary>
public enum StoreError
{
    /// <summary>No bucket of that name.</summary>
    NoSuchBucket,

    /// <summary>The bucket's name is taken; <see cref="StoreFailure.Detail"/> is its owner.</summary>
    BucketExists,

    /// <summary>The bucket still has objects, versions or delete markers.</summary>
    BucketNotEmpty,

    /// <summary>No object of that key, or its current version is a delete marker (then <see cref="StoreFailure.VersionId"/> is set).</summary>
    NoSuchKey,

    /// <summary>The key has no version of that id.</summary>
    NoSuchVersion,

    /// <summary>The version that was asked for by its id is a delete marker, which has no content.</summary>
    IsDeleteMarker,

    /// <summary>No multipart upload of that id for that key.</summary>
    NoSuchUpload,

    /// <summary>A part that is to be completed was not uploaded, or has another ETag or checksum.</summary>
    InvalidPart,

    /// <summary>The parts to be completed are not in ascending order.</summary>
    InvalidPartOrder,

    /// <summary>A part other than the last is smaller than the minimum.</summary>
    PartTooSmall,

    /// <summary>A condition did not hold at the moment of the commit.</summary>
    PreconditionFailed,

    /// <summary>The range, or the part number, lies outside the object.</summary>
    InvalidRange,

    /// <summary>The bucket name or the key is empty, too long or not valid Unicode.</summary>
    InvalidName,

    /// <summary>A value is outside what the store keeps (part number, attributes too large, key without a value).</summary>
    InvalidArgument,

    /// <summary>The body's MD5 is not the one that was declared.</summary>
    BadDigest,

    /// <summary>A checksum of the body, or of the completed object, is not the one that was declared; Detail is the algorithm.</summary>
    BadChecksum,

    /// <summary>The body has fewer or more bytes than were declared.</summary>
    IncompleteBody,

    /// <summary>The body is larger than <see cref="BodyExpectation.MaxLength"/>.</summary>
    TooLarge,

    /// <summary>The owner's quota does not allow it; Detail is <c>bytes</c>, <c>objects</c> or <c>buckets</c>.</summary>
    QuotaExceeded,

    /// <summary>The disk is full; nothing was stored.</summary>
    StorageFull,

    /// <summary>The store has turned read-only after an I/O error; Detail says which.</summary>
    ReadOnly,

    /// <summary>The stored bytes do not match their checksum, or are gone: they are not served.</summary>
    Damaged,

    /// <summary>The disk refused; Detail is for the log only. Nothing was stored.</summary>
    Io,
}
