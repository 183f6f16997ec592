namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A bucket as it was when it was read.</summary>
/// <param name="Name">Unique in the store. The store asks for 1–255 bytes of UTF-8; S3's rules are the protocol's.</param>
/// <param name="OwnerId">The account that its usage counts for; opaque.</param>
/// <param name="Created">When it was created, UTC.</param>
/// <param name="Region">What the creator gave; opaque.</param>
/// <param name="Versioning">What writes do.</param>
public sealed record Bucket(string Name, string OwnerId, DateTimeOffset Created, string Region, BucketVersioning Versioning);
