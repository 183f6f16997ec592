using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3;

/// <summary>The one place where the store's failures become S3's.</summary>
internal static class StoreErrors
{
    public static S3Error Map(StoreFailure failure, string bucket = "") => failure.Error switch
    {
        StoreError.NoSuchBucket => S3Error.NoSuchBucket(bucket),
        StoreError.BucketExists => new(
            S3ErrorCode.BucketAlreadyExists,
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."),
        StoreError.BucketNotEmpty => new(S3ErrorCode.BucketNotEmpty, "The bucket you tried to delete is not empty"),
        StoreError.NoSuchKey => S3Error.NoSuchKey,
        StoreError.NoSuchVersion => S3Error.NoSuchVersion,
        StoreError.IsDeleteMarker => S3Error.MethodNotAllowed,
        StoreError.NoSuchUpload => S3Error.NoSuchUpload,
        StoreError.InvalidPart => new(
            S3ErrorCode.InvalidPart,
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."),
        StoreError.InvalidPartOrder => new(
            S3ErrorCode.InvalidPartOrder, "The list of parts was not in ascending order. The parts list must be specified in order by part number."),
        StoreError.PartTooSmall => new(S3ErrorCode.EntityTooSmall, "Your proposed upload is smaller than the minimum allowed size"),
        StoreError.PreconditionFailed => S3Error.PreconditionFailed("If-Match"),
        StoreError.InvalidRange => new(S3ErrorCode.InvalidRange, "The requested range is not satisfiable"),
        StoreError.InvalidName => new(S3ErrorCode.InvalidURI, "Couldn't parse the specified URI."),
        StoreError.InvalidArgument => new(S3ErrorCode.InvalidArgument, "Invalid Argument"),
        StoreError.BadDigest => new(S3ErrorCode.BadDigest, "The Content-MD5 you specified did not match what we received."),
        StoreError.BadChecksum => new(S3ErrorCode.BadDigest, $"The {failure.Detail} you specified did not match the calculated checksum."),
        StoreError.IncompleteBody => new(
            S3ErrorCode.IncompleteBody, "You did not provide the number of bytes specified by the Content-Length HTTP header"),
        StoreError.TooLarge => new(S3ErrorCode.EntityTooLarge, "Your proposed upload exceeds the maximum allowed size"),
        StoreError.QuotaExceeded when failure.Detail == "buckets" => new(
            S3ErrorCode.TooManyBuckets, "You have attempted to create more buckets than allowed"),
        StoreError.QuotaExceeded => new(S3ErrorCode.QuotaExceeded, $"The account's quota of {failure.Detail} is used up"),
        StoreError.StorageFull => new(S3ErrorCode.ServiceUnavailable, "The storage is full"),
        StoreError.ReadOnly => new(S3ErrorCode.ServiceUnavailable, "The storage takes no writes at the moment"),
        StoreError.Damaged => new(S3ErrorCode.InternalError, "The stored data is damaged and cannot be served"),
        StoreError.Io => new(S3ErrorCode.InternalError, "We encountered an internal error. Please try again."),
    };
}
