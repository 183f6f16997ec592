using System.Security.Cryptography;
using CloudLab.Storage.Blobs.Objects;
using Xunit;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>Shorter ways to say what tests say all the time.</summary>
internal static class StoreExtensions
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static byte[] Md5(byte[] bytes) => CryptographicOperations.HashData(HashAlgorithmName.MD5, bytes);

    public static byte[] Sha1(byte[] bytes) => CryptographicOperations.HashData(HashAlgorithmName.SHA1, bytes);

    public static T Ok<T>(this StoreResult<T> result)
        where T : class => result.Value ?? throw new InvalidOperationException(result.Failure!.ToString());

    public static async Task<T> OkAsync<T>(this Task<StoreResult<T>> result)
        where T : class => (await result).Ok();

    public static async Task<StoreError?> ErrorAsync<T>(this Task<StoreResult<T>> result)
        where T : class => (await result).Failure?.Error;

    public static Task<Bucket> MakeBucketAsync(
        this ObjectStore store, string name, BucketVersioning versioning = BucketVersioning.Unversioned, string owner = "owner") =>
        store.CreateBucketAsync(new BucketCreation { Name = name, OwnerId = owner }, Token).OkAsync().ContinueWith(
            async made => versioning == BucketVersioning.Unversioned
                ? await made : await store.SetVersioningAsync(name, versioning, Token).OkAsync(),
            TaskScheduler.Default).Unwrap();

    public static Task<StoreResult<ObjectVersion>> TryPutAsync(
        this ObjectStore store, string bucket, string key, byte[] bytes, WriteCondition? condition = null, bool encrypt = false) =>
        store.PutObjectAsync(
            new ObjectPut
            {
                Bucket = bucket,
                Key = key,
                Condition = condition ?? WriteCondition.None,
                Attributes = new ObjectAttributes { Encrypt = encrypt },
            },
            new MemoryStream(bytes),
            Token);

    public static Task<ObjectVersion> PutAsync(this ObjectStore store, string bucket, string key, byte[] bytes, bool encrypt = false) =>
        store.TryPutAsync(bucket, key, bytes, null, encrypt).OkAsync();

    /// <summary>The bytes, or null if there is no such object.</summary>
    public static byte[]? Read(this ObjectStore store, string bucket, string key, string? versionId = null)
    {
        var opened = store.OpenObject(bucket, key, versionId);
        if (!opened.IsOk)
        {
            return opened.Failure.Error is StoreError.NoSuchKey or StoreError.NoSuchVersion
                ? null : throw new InvalidDataException(opened.Failure.ToString());
        }

        using var reader = opened.Value;
        return reader.Read(0, reader.Version.Length);
    }

    public static byte[] Read(this ObjectReader reader, long offset, long length)
    {
        using var stream = reader.OpenRead(offset, length);
        var bytes = new MemoryStream();
        stream.CopyTo(bytes, 100_000);
        return bytes.ToArray();
    }

    public static List<string> Keys(this ObjectStore store, string bucket) =>
        [.. store.ListObjects(new ObjectListing { Bucket = bucket }).Ok().Objects.Select(version => version.Key)];

    public static Task<StoreResult<DeleteOutcome>> DeleteAsync(this ObjectStore store, string bucket, string key, string? versionId = null) =>
        store.DeleteObjectAsync(new ObjectDelete(bucket, key, versionId), Token);
}
