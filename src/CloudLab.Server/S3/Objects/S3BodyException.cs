namespace CloudLab.Server.S3.Objects;

/// <summary>
/// A body that is not what its request said, found while the store reads it. The one failure that is thrown, because a
/// stream has no other way to tell; who called the store catches it.
/// </summary>
internal sealed class S3BodyException : IOException
{
    public S3BodyException()
        : this(S3Error.InvalidRequest("The request's body is malformed"))
    {
    }

    public S3BodyException(string message)
        : this(S3Error.InvalidRequest(message))
    {
    }

    public S3BodyException(string message, Exception innerException)
        : base(message, innerException) => Error = S3Error.InvalidRequest(message);

    public S3BodyException(S3Error error)
        : base(error.Message) => Error = error;

    /// <summary>What to answer.</summary>
    public S3Error Error { get; } = S3Error.InvalidRequest("The request's body is malformed");
}
