using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace CloudLab.Storage.Blobs;

/// <summary>One put to an S3 service: at once when it is small, else in parts. Disposed before it is finished it leaves nothing.</summary>
internal sealed class S3Upload(IAmazonS3 client, string bucket, string name, BlobCondition condition) : IAsyncDisposable
{
    private const int FirstPartBytes = 8 << 20;

    // S3 takes 10,000 parts: doubling them now and then reaches its largest objects.
    private const int PartsOfOneSize = 1000;

    private readonly List<PartETag> _parts = [];
    private byte[] _buffer = new byte[FirstPartBytes];
    private int _count;
    private string? _uploadId;
    private bool _isFinished;

    /// <summary>Bytes read so far.</summary>
    public long Length { get; private set; }

    /// <summary>Fills the buffer; true when the content has ended.</summary>
    public async Task<bool> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        _count = await content.ReadAtLeastAsync(_buffer, _buffer.Length, throwOnEndOfStream: false, cancellationToken);
        Length += _count;
        return _count < _buffer.Length;
    }

    /// <summary>Puts what the buffer holds as the next part.</summary>
    public async Task<PartETag> PutPartAsync(CancellationToken cancellationToken)
    {
        _uploadId ??= (await client.InitiateMultipartUploadAsync(bucket, name, cancellationToken)).UploadId;
        var request = new UploadPartRequest
        {
            BucketName = bucket,
            Key = name,
            UploadId = _uploadId,
            PartNumber = _parts.Count + 1,
            InputStream = new MemoryStream(_buffer, 0, _count),
        };
        var part = new PartETag(await client.UploadPartAsync(request, cancellationToken));
        _parts.Add(part);
        if (_parts.Count % PartsOfOneSize == 0)
            _buffer = new byte[2 * _buffer.Length];
        _count = 0;
        return part;
    }

    /// <summary>Puts what is left, and makes all of it the object where the condition holds; answers the ETag.</summary>
    public async Task<string> FinishAsync(CancellationToken cancellationToken)
    {
        var tag = _uploadId is null ? await PutAsync(cancellationToken) : await CompleteAsync(cancellationToken);
        _isFinished = true;
        return tag;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isFinished || _uploadId is null)
            return;
        try
        {
            await client.AbortMultipartUploadAsync(bucket, name, _uploadId, CancellationToken.None);
        }
        catch (AmazonServiceException)
        {
            // The service's own expiry of uploads collects what could not be aborted.
        }
    }

    private async Task<string> PutAsync(CancellationToken cancellationToken)
    {
        var request = new PutObjectRequest
        {
            BucketName = bucket,
            Key = name,
            InputStream = new MemoryStream(_buffer, 0, _count),
            IfMatch = condition.Tag is { } tag ? Quoted(tag) : null,
            IfNoneMatch = condition.MustBeAbsent ? "*" : null,
        };
        return (await client.PutObjectAsync(request, cancellationToken)).ETag;
    }

    private async Task<string> CompleteAsync(CancellationToken cancellationToken)
    {
        if (_count > 0)
            await PutPartAsync(cancellationToken);
        var request = new CompleteMultipartUploadRequest
        {
            BucketName = bucket,
            Key = name,
            UploadId = _uploadId,
            PartETags = _parts,
            IfMatch = condition.Tag is { } tag ? Quoted(tag) : null,
            IfNoneMatch = condition.MustBeAbsent ? "*" : null,
        };
        return (await client.CompleteMultipartUploadAsync(request, cancellationToken)).ETag;
    }

    private static string Quoted(string tag) => $"\"{tag}\"";
}
