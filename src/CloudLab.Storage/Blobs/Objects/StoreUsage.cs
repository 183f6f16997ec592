namespace CloudLab.Storage.Blobs.Objects;

/// <summary>What a bucket or an owner holds; exact, since it changes in the transaction that changes the objects.</summary>
/// <param name="Bytes">Bytes of all versions and of the parts of unfinished uploads, as the clients sent them.</param>
/// <param name="Objects">Versions (delete markers included) and parts of unfinished uploads.</param>
/// <param name="Buckets">Buckets of the owner; 1 for a bucket.</param>
public sealed record StoreUsage(long Bytes, long Objects, long Buckets);
