using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace CloudLab.Storage.Blobs;

/// <summary>A bucket of any S3 service as an <see cref="IBlobStore"/>.</summary>
/// <remarks>
/// Asks of the service what S3 promises: read-after-write consistency, <c>If-None-Match: *</c> and <c>If-Match</c> on writes, durability
/// when it answers. Content of up to 8 MiB is put at once, more in parts, of which one is in memory at a time. The tag is the ETag;
/// times have whole seconds, which is what all answers agree on. The client verifies the checksum of what it reads whole; a range's bytes
/// are covered by the service's own and by the transport's.
/// </remarks>
/// <param name="client">The service, with its address and credentials; owned by the caller.</param>
/// <param name="bucket">A bucket that is there, without versioning.</param>
/// <param name="time">Dates what was put, since the service's answer does not say.</param>
public sealed class S3BlobStore(IAmazonS3 client, string bucket, TimeProvider time) : IBlobStore
{
    /// <summary>What a conditional write is repeated for: another of the same name is under way.</summary>
    private const int MaxConflicts = 10;

    /// <inheritdoc/>
    public async Task<BlobResult<BlobInfo>> PutAsync(
        string name, Stream content, BlobCondition condition, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is null)
            return BlobError.InvalidName;
        await using var upload = new S3Upload(client, bucket, name, condition);
        try
        {
            string? tag = null;
            while (!await upload.ReadAsync(content, cancellationToken))
                await Translated(upload.PutPartAsync(cancellationToken));
            for (var conflicts = 0; tag is null; conflicts++)
            {
                try
                {
                    tag = await upload.FinishAsync(cancellationToken);
                }
                catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.Conflict && conflicts < MaxConflicts)
                {
                    // A conditional write beside another: S3 asks to try again.
                }
            }

            return new BlobInfo(name, upload.Length, tag.Trim('"'), WholeSeconds(time.GetUtcNow()));
        }
        catch (AmazonS3Exception e) when (condition != BlobCondition.None
            && e.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.NotFound && e.ErrorCode is not "NoSuchBucket")
        {
            return BlobError.ConditionFailed;
        }
        catch (AmazonServiceException e)
        {
            throw Broken(e);
        }
    }

    /// <inheritdoc/>
    public async Task<BlobResult<BlobInfo>> HeadAsync(string name, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is null)
            return BlobError.InvalidName;
        try
        {
            var head = await client.GetObjectMetadataAsync(bucket, name, cancellationToken);
            return new BlobInfo(name, head.ContentLength, head.ETag.Trim('"'), WholeSeconds(head.LastModified));
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode is not "NoSuchBucket")
        {
            return BlobError.NotFound;
        }
        catch (AmazonServiceException e)
        {
            throw Broken(e);
        }
    }

    /// <inheritdoc/>
    public async Task<BlobResult<BlobContent>> GetAsync(string name, BlobRange? range, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is null)
            return BlobError.InvalidName;
        var request = new GetObjectRequest { BucketName = bucket, Key = name };
        if (range is { } asked)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(asked.Offset, nameof(range));
            ArgumentOutOfRangeException.ThrowIfLessThan(asked.Length, 1, nameof(range));
            request.ByteRange = asked.Length > long.MaxValue - asked.Offset
                ? new ByteRange($"bytes={asked.Offset}-") : new ByteRange(asked.Offset, asked.Offset + asked.Length - 1);
        }

        try
        {
            var response = await client.GetObjectAsync(request, cancellationToken);
            var info = new BlobInfo(
                name, TotalLength(response), response.ETag.Trim('"'), WholeSeconds(response.LastModified));
            return new BlobContent(info, new S3ReadStream(response));
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode is not "NoSuchBucket")
        {
            return BlobError.NotFound;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return BlobError.RangeNotSatisfiable;
        }
        catch (AmazonServiceException e)
        {
            throw Broken(e);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix, StartAfter = startAfter };
        ListObjectsV2Response page;
        do
        {
            page = await Translated(client.ListObjectsV2Async(request, cancellationToken));
            foreach (var listed in page.S3Objects ?? [])
                yield return new BlobInfo(listed.Key, listed.Size!.Value, listed.ETag.Trim('"'), WholeSeconds(listed.LastModified));
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is not null)
            await Translated(client.DeleteObjectAsync(bucket, name, cancellationToken));
    }

    private static async Task<T> Translated<T>(Task<T> request)
    {
        try
        {
            return await request;
        }
        catch (AmazonServiceException e)
        {
            throw Broken(e);
        }
    }

    private static long TotalLength(GetObjectResponse response) =>
        response.ContentRange is { Length: > 0 } range && long.TryParse(range.AsSpan(range.IndexOf('/') + 1), out var total)
            ? total : response.ContentLength;

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

#pragma warning disable RS0030 // The client's own type for a time.
    private static DateTimeOffset WholeSeconds(DateTime? time) => WholeSeconds(new DateTimeOffset(time!.Value.ToUniversalTime()));
#pragma warning restore RS0030

    private static IOException Broken(AmazonServiceException e) => new($"The S3 service refuses: {e.ErrorCode} {e.Message}", e);
}
