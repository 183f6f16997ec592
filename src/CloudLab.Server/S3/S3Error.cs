namespace CloudLab.Server.S3;

/// <summary>An expected failure, as the client will read it.</summary>
/// <param name="Code">Which one.</param>
/// <param name="Message">A sentence for people; holds nothing that the client may not know.</param>
internal sealed record S3Error(S3ErrorCode Code, string Message)
{
    /// <summary>Further elements of the error document, by name.</summary>
    public IReadOnlyList<(string Name, string Value)> Details { get; init; } = [];

    /// <summary>The HTTP status that S3 gives with the code.</summary>
    public int Status => Code switch
    {
        S3ErrorCode.NotModified => StatusCodes.Status304NotModified,
        S3ErrorCode.AccessDenied or S3ErrorCode.CORSForbidden or S3ErrorCode.InvalidAccessKeyId or S3ErrorCode.InvalidObjectState
            or S3ErrorCode.QuotaExceeded or S3ErrorCode.RequestTimeTooSkewed
            or S3ErrorCode.SignatureDoesNotMatch => StatusCodes.Status403Forbidden,
        S3ErrorCode.NoSuchBucket or S3ErrorCode.NoSuchBucketPolicy or S3ErrorCode.NoSuchCORSConfiguration or S3ErrorCode.NoSuchConfiguration
            or S3ErrorCode.NoSuchKey or S3ErrorCode.NoSuchLifecycleConfiguration or S3ErrorCode.NoSuchObjectLockConfiguration
            or S3ErrorCode.NoSuchPublicAccessBlockConfiguration or S3ErrorCode.NoSuchTagSet or S3ErrorCode.NoSuchUpload
            or S3ErrorCode.NoSuchVersion or S3ErrorCode.NoSuchWebsiteConfiguration or S3ErrorCode.NotFound
            or S3ErrorCode.ObjectLockConfigurationNotFoundError or S3ErrorCode.OwnershipControlsNotFoundError
            or S3ErrorCode.ReplicationConfigurationNotFoundError
            or S3ErrorCode.ServerSideEncryptionConfigurationNotFoundError => StatusCodes.Status404NotFound,
        S3ErrorCode.MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
        S3ErrorCode.BucketAlreadyExists or S3ErrorCode.BucketAlreadyOwnedByYou or S3ErrorCode.BucketNotEmpty
            or S3ErrorCode.ConditionalRequestConflict or S3ErrorCode.InvalidBucketState
            or S3ErrorCode.OperationAborted => StatusCodes.Status409Conflict,
        S3ErrorCode.MissingContentLength => StatusCodes.Status411LengthRequired,
        S3ErrorCode.PreconditionFailed => StatusCodes.Status412PreconditionFailed,
        S3ErrorCode.InvalidRange => StatusCodes.Status416RangeNotSatisfiable,
        S3ErrorCode.InternalError => StatusCodes.Status500InternalServerError,
        S3ErrorCode.NotImplemented => StatusCodes.Status501NotImplemented,
        S3ErrorCode.ServiceUnavailable or S3ErrorCode.SlowDown => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };

    public static S3Error AccessDenied { get; } = new(S3ErrorCode.AccessDenied, "Access Denied");

    public static S3Error MalformedXml { get; } = new(
        S3ErrorCode.MalformedXML, "The XML you provided was not well-formed or did not validate against our published schema");

    public static S3Error NoSuchKey { get; } = new(S3ErrorCode.NoSuchKey, "The specified key does not exist.");

    public static S3Error NoSuchVersion { get; } = new(S3ErrorCode.NoSuchVersion, "The specified version does not exist.");

    public static S3Error NoSuchUpload { get; } = new(
        S3ErrorCode.NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.");

    public static S3Error MethodNotAllowed { get; } = new(
        S3ErrorCode.MethodNotAllowed, "The specified method is not allowed against this resource.");

    public static S3Error NotModified { get; } = new(S3ErrorCode.NotModified, "Not Modified");

    public static S3Error NoSuchBucket(string bucket) =>
        new(S3ErrorCode.NoSuchBucket, "The specified bucket does not exist") { Details = [("BucketName", bucket)] };

    public static S3Error NotImplemented(string what) =>
        new(S3ErrorCode.NotImplemented, $"A header or query you provided implies functionality that is not implemented: {what}");

    public static S3Error InvalidArgument(string message, string name, string? value) =>
        new(S3ErrorCode.InvalidArgument, message) { Details = [("ArgumentName", name), ("ArgumentValue", value ?? "")] };

    public static S3Error InvalidRequest(string message) => new(S3ErrorCode.InvalidRequest, message);

    public static S3Error PreconditionFailed(string condition) =>
        new(S3ErrorCode.PreconditionFailed, "At least one of the pre-conditions you specified did not hold") { Details = [("Condition", condition)] };
}
