using System.Runtime.CompilerServices;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs;

/// <summary>A bucket of the object store as an <see cref="IBlobStore"/>: where images and volumes stand beside the users' objects.</summary>
/// <remarks>The tag of a blob is its ETag. What leaves the store without an answer (read-only, full, refused by the disk) throws.</remarks>
public sealed class BucketBlobStore : IBlobStore
{
    private readonly ObjectStore _store;
    private readonly string _bucket;

    private BucketBlobStore(ObjectStore store, string bucket)
    {
        _store = store;
        _bucket = bucket;
    }

    /// <summary>Opens the bucket, making it, unversioned and owned by <paramref name="ownerId"/>, where it is missing.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static async Task<BucketBlobStore> OpenAsync(
        ObjectStore store, string bucket, string ownerId, CancellationToken cancellationToken)
    {
        var made = await store.CreateBucketAsync(new BucketCreation { Name = bucket, OwnerId = ownerId }, cancellationToken);
        if (!made.IsOk && made.Failure.Error != StoreError.BucketExists)
            throw Broken(made.Failure);
        return new BucketBlobStore(store, bucket);
    }

    /// <inheritdoc/>
    public async Task<BlobResult<BlobInfo>> PutAsync(
        string name, Stream content, BlobCondition condition, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is null)
            return BlobError.InvalidName;
        var put = new ObjectPut
        {
            Bucket = _bucket,
            Key = name,
            Condition = condition.MustBeAbsent ? new WriteCondition(IfNoneMatch: "*") : new WriteCondition(IfMatch: condition.Tag),
        };
        var result = await _store.PutObjectAsync(put, content, cancellationToken);
        if (result.IsOk)
            return InfoOf(result.Value);
        return result.Failure.Error is StoreError.NoSuchKey or StoreError.PreconditionFailed
            ? BlobError.ConditionFailed : ErrorOf(result.Failure);
    }

    /// <inheritdoc/>
    public Task<BlobResult<BlobInfo>> HeadAsync(string name, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is null)
            return Task.FromResult<BlobResult<BlobInfo>>(BlobError.InvalidName);
        var found = _store.HeadObject(_bucket, name);
        return Task.FromResult<BlobResult<BlobInfo>>(found.IsOk ? InfoOf(found.Value) : ErrorOf(found.Failure));
    }

    /// <inheritdoc/>
    public Task<BlobResult<BlobContent>> GetAsync(string name, BlobRange? range, CancellationToken cancellationToken)
    {
        if (range is { } asked)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(asked.Offset, nameof(range));
            ArgumentOutOfRangeException.ThrowIfLessThan(asked.Length, 1, nameof(range));
        }

        return Task.FromResult(Get(name, range));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = _store.ListObjects(new ObjectListing { Bucket = _bucket, Prefix = prefix, StartAfter = startAfter });
            if (!page.IsOk)
                throw Broken(page.Failure);
            foreach (var version in page.Value.Objects)
                yield return InfoOf(version);
            startAfter = page.Value.Next;
        }
        while (startAfter is not null);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is null)
            return;
        var deleted = await _store.DeleteObjectAsync(new ObjectDelete(_bucket, name), cancellationToken);
        if (!deleted.IsOk)
            throw Broken(deleted.Failure);
    }

    private BlobResult<BlobContent> Get(string name, BlobRange? range)
    {
        if (BlobName.TryGetBytes(name) is null)
            return BlobError.InvalidName;
        var opened = _store.OpenObject(_bucket, name);
        if (!opened.IsOk)
            return ErrorOf(opened.Failure);
        var reader = opened.Value;
        var start = range?.Offset ?? 0;
        if (range is not null && start >= reader.Version.Length)
        {
            reader.Dispose();
            return BlobError.RangeNotSatisfiable;
        }

        var end = start + Math.Min(range?.Length ?? long.MaxValue, reader.Version.Length - start);
        return new BlobContent(InfoOf(reader.Version), new ObjectReadStream(reader, start, end, ownsReader: true));
    }

    private static BlobInfo InfoOf(ObjectVersion version) => new(version.Key, version.Length, version.ETag, version.LastModified);

    private static BlobError ErrorOf(StoreFailure failure) => failure.Error switch
    {
        StoreError.NoSuchKey => BlobError.NotFound,
        StoreError.InvalidName => BlobError.InvalidName,
        StoreError.Damaged => BlobError.Corrupt,
        _ => throw Broken(failure),
    };

    private static IOException Broken(StoreFailure failure) => new($"The object store refuses: {failure.Error} {failure.Detail}");
}
