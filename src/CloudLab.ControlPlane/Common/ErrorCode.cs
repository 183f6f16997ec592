namespace CloudLab.ControlPlane.Common;

/// <summary>Every way in which a request can fail as expected. A closed set: each surface maps it exhaustively.</summary>
public enum ErrorCode
{
    /// <summary>A value is out of its documented range or form.</summary>
    InvalidParameter,

    /// <summary>No instance of that id in the caller's account.</summary>
    InstanceNotFound,

    /// <summary>No image of that id or name that the caller's account may use.</summary>
    ImageNotFound,

    /// <summary>No instance type of that name.</summary>
    InstanceTypeNotFound,

    /// <summary>The image cannot start now; the message has the reason.</summary>
    ImageUnavailable,

    /// <summary>The image may be used by the caller's account, but is another's or the system's to change.</summary>
    ImageNotOwned,

    /// <summary>A file of an image is empty, cut off, or nothing that a machine could load.</summary>
    ImageFileInvalid,

    /// <summary>A file of an image is larger than one may be.</summary>
    ImageFileTooLarge,

    /// <summary>The bytes that arrived do not have the checksum that came with them.</summary>
    ChecksumMismatch,

    /// <summary>No webhook of that id in the caller's account.</summary>
    WebhookNotFound,

    /// <summary>The instance's state does not allow the operation.</summary>
    IncorrectInstanceState,

    /// <summary>The instance is protected from the operation.</summary>
    OperationNotPermitted,

    /// <summary>The thing has changed since the version that the request named.</summary>
    PreconditionFailed,

    /// <summary>The client token was used before with other parameters.</summary>
    IdempotentParameterMismatch,

    /// <summary>The client token belongs to instances that were terminated and have been removed since.</summary>
    IdempotentInstanceTerminated,

    /// <summary>No host has room for the instance now.</summary>
    InsufficientInstanceCapacity,

    /// <summary>The API token is unknown, expired or revoked, or its user is disabled.</summary>
    InvalidToken,

    /// <summary>The access key is unknown, expired or revoked, or its user is disabled.</summary>
    InvalidAccessKey,

    /// <summary>The caller's account is suspended.</summary>
    AccountSuspended,

    /// <summary>No account of that id or name.</summary>
    AccountNotFound,

    /// <summary>No user of that id in the caller's account, or none that it may see.</summary>
    UserNotFound,

    /// <summary>No token of that id in the caller's account, or none that it may see.</summary>
    TokenNotFound,

    /// <summary>No access key of that id in the caller's account, or none that it may see.</summary>
    AccessKeyNotFound,

    /// <summary>No host of that name.</summary>
    HostNotFound,

    /// <summary>The account still has resources.</summary>
    AccountNotEmpty,

    /// <summary>Another has this name or id.</summary>
    NameInUse,

    /// <summary>The caller's role allows such requests, but not this one.</summary>
    Forbidden,

    /// <summary>A limit of the account; the message says which, and what is in use.</summary>
    QuotaExceeded,
}
