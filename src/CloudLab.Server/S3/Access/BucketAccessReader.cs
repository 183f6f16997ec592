using System.Collections.Concurrent;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Buckets;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Access;

/// <summary>
/// Reads what decides on access to a bucket. The documents are read each time, so that a change counts at once; what was
/// parsed of them is kept for as long as they are the same.
/// </summary>
internal sealed class BucketAccessReader(ObjectStore store)
{
    // Parsed settings of more buckets than this are dropped, and parsed again.
    private const int MaxKept = 10_000;

    private readonly ConcurrentDictionary<string, Entry> _kept = new(StringComparer.Ordinal);

    /// <summary>The bucket, or NoSuchBucket.</summary>
    public S3Result<BucketAccess> Read(string name)
    {
        StoreResult<Bucket> found = store.GetBucket(name);
        if (!found.IsOk) return StoreErrors.Map(found.Failure, name);
        Bucket bucket = found.Value;
        var documents = new Documents(
            Read(name, BucketConfiguration.Acl),
            Read(name, BucketConfiguration.Policy),
            Read(name, BucketConfiguration.PublicAccessBlock),
            Read(name, BucketConfiguration.Ownership));
        if (_kept.TryGetValue(name, out Entry? entry) && entry.Documents.Equals(documents) && entry.Access.Bucket == bucket) return entry.Access;
        BucketAccess access = Parse(bucket, documents);
        if (_kept.Count >= MaxKept) _kept.Clear();
        _kept[name] = new Entry(documents, access);
        return access;
    }

    private byte[]? Read(string bucket, string kind) => store.GetBucketConfiguration(bucket, kind);

    private static BucketAccess Parse(Bucket bucket, Documents documents) => new()
    {
        Bucket = bucket,
        Acl = (documents.Acl is { } acl ? AclXml.ReadStored(acl) : null) ?? AccessControlList.Private(new S3Owner(bucket.OwnerId, bucket.OwnerId)),
        Policy = documents.Policy is { } policy ? ParsePolicy(policy, bucket.Name) : null,
        PublicAccessBlock = (documents.PublicAccessBlock is { } block ? AccessXml.ReadPublicAccessBlock(block).Value : null) ?? PublicAccessBlock.None,
        Ownership = documents.Ownership is { } ownership && AccessXml.ReadOwnership(ownership) is { IsOk: true, Value: var value } ? value : null,
    };

    // A stored policy was parsed when it was set. Should it not parse now, nobody may be let in by what cannot be read.
    private static BucketPolicy ParsePolicy(byte[] json, string bucket) =>
        PolicyParser.Parse(json, bucket) is { IsOk: true, Value: var policy } ? policy : new BucketPolicy([DenyAll]);

    private static PolicyStatement DenyAll { get; } = new() { IsAllow = false, Principals = ["*"], Actions = ["*"], Resources = ["*"] };

    private sealed record Entry(Documents Documents, BucketAccess Access);

    private readonly record struct Documents(byte[]? Acl, byte[]? Policy, byte[]? PublicAccessBlock, byte[]? Ownership)
    {
        public bool Equals(Documents other) =>
            Same(Acl, other.Acl) && Same(Policy, other.Policy) && Same(PublicAccessBlock, other.PublicAccessBlock) && Same(Ownership, other.Ownership);

        public override int GetHashCode() => 0;

        private static bool Same(byte[]? a, byte[]? b) => a is null ? b is null : b is not null && a.AsSpan().SequenceEqual(b);
    }
}
