namespace CloudLab.ControlPlane.Common;

/// <summary>An expected failure.</summary>
/// <param name="Code">Which one.</param>
/// <param name="Message">A sentence that the caller may read.</param>
/// <param name="Detail">What only the log may know, or null.</param>
public sealed record CloudLabError(ErrorCode Code, string Message, string? Detail = null)
{
    /// <summary>Whether the same request can succeed later without a change.</summary>
    public bool IsRetryable => Code switch
    {
        ErrorCode.ImageUnavailable => true,
        ErrorCode.IncorrectInstanceState => true,
        ErrorCode.InsufficientInstanceCapacity => true,
        ErrorCode.InvalidParameter => false,
        ErrorCode.InstanceNotFound => false,
        ErrorCode.ImageNotFound => false,
        ErrorCode.InstanceTypeNotFound => false,
        ErrorCode.IdempotentParameterMismatch => false,
        ErrorCode.IdempotentInstanceTerminated => false,
        ErrorCode.OperationNotPermitted => false,
        ErrorCode.PreconditionFailed => false,
        ErrorCode.InvalidToken => false,
        ErrorCode.ImageNotOwned => false,
        ErrorCode.ImageFileInvalid => false,
        ErrorCode.ImageFileTooLarge => false,
        ErrorCode.ChecksumMismatch => true,
        ErrorCode.WebhookNotFound => false,
        ErrorCode.InvalidAccessKey => false,
        ErrorCode.AccountSuspended => false,
        ErrorCode.AccountNotFound => false,
        ErrorCode.UserNotFound => false,
        ErrorCode.TokenNotFound => false,
        ErrorCode.AccessKeyNotFound => false,
        ErrorCode.HostNotFound => false,
        ErrorCode.AccountNotEmpty => true,
        ErrorCode.NameInUse => false,
        ErrorCode.Forbidden => false,
        ErrorCode.QuotaExceeded => true,
    };
}
