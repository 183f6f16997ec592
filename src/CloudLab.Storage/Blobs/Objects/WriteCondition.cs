namespace CloudLab.Storage.Blobs.Objects;

/// <summary>What must hold of a key's current version at the moment of the commit. ETags are without quotes.</summary>
/// <param name="IfMatch">
/// The current version has this ETag, or any for <c>*</c>. Without a current version (or with a delete marker) the answer is
/// <see cref="StoreError.NoSuchKey"/>, with another ETag <see cref="StoreError.PreconditionFailed"/>.
/// </param>
/// <param name="IfNoneMatch">There is no current version with this ETag, or none at all for <c>*</c>.</param>
public sealed record WriteCondition(string? IfMatch = null, string? IfNoneMatch = null)
{
    /// <summary>Write whatever is there.</summary>
    public static WriteCondition None { get; } = new();
}
