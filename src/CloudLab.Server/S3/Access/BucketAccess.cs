using CloudLab.Server.S3.Auth;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Access;

/// <summary>A bucket with those of its settings that decide on access.</summary>
internal sealed record BucketAccess
{
    public required Bucket Bucket { get; init; }

    /// <summary>Has the bucket's owner.</summary>
    public required AccessControlList Acl { get; init; }

    /// <summary>Null without one.</summary>
    public required BucketPolicy? Policy { get; init; }

    public required PublicAccessBlock PublicAccessBlock { get; init; }

    /// <summary>Null where nobody set it up: as <see cref="Access.ObjectOwnership.ObjectWriter"/>.</summary>
    public required ObjectOwnership? Ownership { get; init; }

    public S3Owner Owner => Acl.Owner;

    /// <summary>Whether ACLs do not count, because the bucket's owner owns everything.</summary>
    public bool IsOwnerEnforced => Ownership == ObjectOwnership.BucketOwnerEnforced;
}
