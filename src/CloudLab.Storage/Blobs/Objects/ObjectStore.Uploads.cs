using CloudLab.Storage.Blobs.Checksums;
using CloudLab.Storage.Blobs.Data;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

public sealed partial class ObjectStore
{
    public Task<StoreResult<MultipartUpload>> CreateUploadAsync(UploadCreation creation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (StoreNames.TryGetKey(creation.Key) is not { } key)
            return Task.FromResult<StoreResult<MultipartUpload>>(StoreError.InvalidName);
        if (!StoreNames.AreFine(creation.Attributes) || !StoreNames.IsOwner(creation.InitiatorId))
            return Task.FromResult<StoreResult<MultipartUpload>>(StoreError.InvalidArgument);
        if (creation is { IsCompositeChecksum: false, ChecksumAlgorithm: { } algorithm } && !CrcCombiner.CanCombine(algorithm))
            return Task.FromResult<StoreResult<MultipartUpload>>(StoreError.InvalidArgument);
        return _committer.CommitAsync<MultipartUpload>(transaction =>
        {
            if (FindBucket(transaction, creation.Bucket) is not { } bucket)
                return StoreError.NoSuchBucket;
            var record = new UploadRecord
            {
                Seq = transaction.NextId(),
                Tail = VersionRecord.NewTail(),
                Initiated = transaction.Now,
                InitiatorId = creation.InitiatorId,
                Attributes = creation.Attributes,
                Algorithm = creation.ChecksumAlgorithm,
                IsComposite = creation.IsCompositeChecksum,
            };
            var indexKey = IndexKeys.Upload(bucket.Id, key, record.Seq);
            transaction.Put(indexKey, record.Encode(indexKey));
            return record.ToUpload(creation.Bucket, creation.Key);
        });
    }

    public StoreResult<MultipartUpload> GetUpload(string bucket, string key, string uploadId) => Guard<MultipartUpload>(() =>
        FindBucket(bucket) is not { } record ? StoreError.NoSuchBucket
        : FindUpload(k => _index.Get(k), record.Id, key, uploadId) is { } upload ? upload.ToUpload(bucket, key)
        : StoreError.NoSuchUpload);

    /// <summary>Stores <paramref name="body"/>, read to its end, as a part of the upload.</summary>
    public async Task<StoreResult<ObjectPart>> PutPartAsync(PartPut put, Stream body, CancellationToken cancellationToken)
    {
        if (put.Number is < 1 or > StoreNames.MaxPartNumber)
            return StoreError.InvalidArgument;
        if (Refuses(put.Bucket, put.Quota, put.Body.Length, _ => ReplacedBytes(put)) is { } refusal)
            return refusal;
        var upload = GetUpload(put.Bucket, put.Key, put.UploadId);
        if (!upload.IsOk)
            return upload.Failure;
        var expectation = put.Body;
        if (upload.Value.ChecksumAlgorithm is { } algorithm && !expectation.Checksums.Contains(algorithm))
            expectation = expectation with { Checksums = [.. expectation.Checksums, algorithm] };
        var received = await ReceiveAsync(body, expectation, upload.Value.Attributes.Encrypt, cancellationToken);
        if (!received.IsOk)
            return received.Failure;
        var committed = await _committer.CommitAsync(transaction => CommitPart(transaction, put, received.Value));
        DiscardUnless(committed.IsOk, committed.Failure, received.Value);
        return committed;
    }

    /// <summary>Stores a range of what <paramref name="source"/> has open as a part; the source's damage is <see cref="StoreError.Damaged"/>.</summary>
    public async Task<StoreResult<ObjectPart>> CopyPartAsync(
        PartPut put, ObjectReader source, long offset, long length, CancellationToken cancellationToken)
    {
        if (offset < 0 || length < 0 || offset > source.Version.Length - length)
            return StoreError.InvalidRange;
        try
        {
            await using var body = source.OpenRead(offset, length);
            return await PutPartAsync(put, body, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            return new StoreFailure(StoreError.Damaged, e.Message);
        }
    }

    /// <summary>The parts of an unfinished upload after <paramref name="afterNumber"/>.</summary>
    public StoreResult<PartPage> ListParts(string bucket, string key, string uploadId, int afterNumber, int maxParts) =>
        Guard<PartPage>(() =>
            FindBucket(bucket) is not { } record ? StoreError.NoSuchBucket
            : FindUpload(k => _index.Get(k), record.Id, key, uploadId) is { } upload ? PartLister.List(_index, upload.Seq, afterNumber, maxParts)
            : StoreError.NoSuchUpload);

    /// <summary>Makes the named parts the key's current version, without copying them; parts that are not named are dropped.</summary>
    public Task<StoreResult<ObjectVersion>> CompleteUploadAsync(UploadCompletion completion, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (StoreNames.TryGetKey(completion.Key) is not { } key)
            return Task.FromResult<StoreResult<ObjectVersion>>(StoreError.InvalidName);
        return _committer.CommitAsync<ObjectVersion>(transaction =>
        {
            if (FindBucket(transaction, completion.Bucket) is not { } bucket)
                return StoreError.NoSuchBucket;
            var usage = new UsageChange();
            var versions = VersionsOf(transaction, bucket, key, usage);
            if (FindUpload(transaction.Get, bucket.Id, completion.Key, completion.UploadId) is not { } upload)
                return Repeated(versions, completion);
            if (Conditions.Check(completion.Condition, versions.Live) is { } failure)
                return failure;
            var assembled = PartAssembly.Assemble(transaction, upload, completion, usage, data => RemoveData(transaction, data));
            if (!assembled.IsOk)
                return assembled.Failure;
            transaction.Delete(IndexKeys.Upload(bucket.Id, key, upload.Seq));
            var version = assembled.Value with { Seq = transaction.NextId() };
            return PushVersion(transaction, bucket, versions, usage, StoreQuota.None, completion.Key, version);
        });
    }

    /// <summary>Drops the upload and its parts.</summary>
    public Task<StoreResult<MultipartUpload>> AbortUploadAsync(
        string bucket, string key, string uploadId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _committer.CommitAsync<MultipartUpload>(transaction =>
        {
            if (FindBucket(transaction, bucket) is not { } record)
                return StoreError.NoSuchBucket;
            if (FindUpload(transaction.Get, record.Id, key, uploadId) is not { } upload)
                return StoreError.NoSuchUpload;
            var usage = new UsageChange();
            DropUpload(transaction, IndexKeys.Upload(record.Id, StoreNames.TryGetKey(key)!, upload.Seq), upload, usage);
            return usage.Apply(transaction, record, StoreQuota.None) is { } failure ? failure : upload.ToUpload(bucket, key);
        });
    }

    private static UploadRecord? FindUpload(Func<byte[], byte[]?> get, ulong bucket, string key, string uploadId)
    {
        if (StoreNames.TryGetKey(key) is not { } keyBytes || !VersionRecord.TryParseId(uploadId, out var seq, out var tail))
            return null;
        var indexKey = IndexKeys.Upload(bucket, keyBytes, seq);
        return get(indexKey) is { } record && UploadRecord.Decode(indexKey, record) is var upload && upload.Tail == tail ? upload : null;
    }

    /// <summary>A completion that is repeated because its answer was lost succeeds again.</summary>
    private static StoreResult<ObjectVersion> Repeated(KeyVersions versions, UploadCompletion completion) =>
        versions.Live is { Data.Kind: DataKind.Parts } live
        && VersionRecord.TryParseId(completion.UploadId, out var seq, out _)
        && live.Data.Id == seq
        && live.PartCount == completion.Parts.Count ? live.ToVersion(completion.Key, isLatest: true) : StoreError.NoSuchUpload;

    private long ReplacedBytes(PartPut put)
    {
        if (!VersionRecord.TryParseId(put.UploadId, out var upload, out _))
            return 0;
        var key = IndexKeys.Part(upload, put.Number);
        return _index.Get(key) is { } record ? PartRecord.Decode(key, record).Length : 0;
    }

    private StoreResult<ObjectPart> CommitPart(IndexTransaction transaction, PartPut put, ReceivedBody body)
    {
        if (FindBucket(transaction, put.Bucket) is not { } bucket)
            return StoreError.NoSuchBucket;
        if (FindUpload(transaction.Get, bucket.Id, put.Key, put.UploadId) is not { } upload)
            return StoreError.NoSuchUpload;
        var usage = new UsageChange();
        var key = IndexKeys.Part(upload.Seq, put.Number);
        if (transaction.Get(key) is { } replaced)
        {
            var old = PartRecord.Decode(key, replaced);
            usage.Remove(old.Length);
            RemoveData(transaction, old.Data);
        }

        var part = new PartRecord
        {
            Length = body.Length,
            ETag = body.ETag,
            LastModified = transaction.Now,
            Checksums = body.Checksums,
            Data = body.Enter(transaction, key),
        };
        transaction.Put(key, part.Encode(key));
        usage.Add(part.Length);
        return usage.Apply(transaction, bucket, put.Quota) is { } failure ? failure : part.ToPart(put.Number);
    }

    private void DropUpload(IndexTransaction transaction, byte[] indexKey, UploadRecord upload, UsageChange usage)
    {
        foreach (var (key, record) in transaction.Scan(IndexKeys.Parts(upload.Seq)))
            usage.Remove(PartRecord.Decode(key, record).Length);
        transaction.Delete(indexKey);
        RemoveData(transaction, new DataRef(DataKind.Parts, upload.Seq, []));
    }
}
