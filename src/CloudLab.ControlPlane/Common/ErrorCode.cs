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

    /// <summary>The API token is unknown, expired or revoked.</summary>
    InvalidToken,
}
