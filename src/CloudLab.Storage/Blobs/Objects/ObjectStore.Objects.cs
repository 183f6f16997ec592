using CloudLab.Storage.Blobs.Data;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

public sealed partial class ObjectStore
{
    /// <summary>Stores <paramref name="body"/>, read to its end, as the key's current version.</summary>
    public async Task<StoreResult<ObjectVersion>> PutObjectAsync(ObjectPut put, Stream body, CancellationToken cancellationToken)
    {
        if (StoreNames.TryGetKey(put.Key) is not { } key)
            return StoreError.InvalidName;
        if (!StoreNames.AreFine(put.Attributes))
            return StoreError.InvalidArgument;
        if (Refuses(put.Bucket, put.Quota, put.Body.Length, bucket => ReplacedBytes(bucket, key)) is { } refusal)
            return refusal;
        var received = await ReceiveAsync(body, put.Body, put.Attributes.Encrypt, cancellationToken);
        if (!received.IsOk)
            return received.Failure;
        var committed = await _committer.CommitAsync(transaction => CommitPut(transaction, put, key, received.Value));
        DiscardUnless(committed.IsOk, committed.Failure, received.Value);
        return committed;
    }

    /// <summary>Stores a copy of what <paramref name="source"/> has open; the source's damage is <see cref="StoreError.Damaged"/>.</summary>
    public async Task<StoreResult<ObjectVersion>> CopyObjectAsync(
        ObjectPut put, ObjectReader source, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = source.OpenRead(0, source.Version.Length);
            return await PutObjectAsync(put, body, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            return new StoreFailure(StoreError.Damaged, e.Message);
        }
    }

    /// <summary>The current version, or the one that is named.</summary>
    /// <remarks>
    /// A current delete marker answers <see cref="StoreError.NoSuchKey"/>, one that was named <see cref="StoreError.IsDeleteMarker"/>;
    /// both with its version id.
    /// </remarks>
    public StoreResult<ObjectVersion> HeadObject(string bucket, string key, string? versionId = null)
    {
        var found = Find(bucket, key, versionId);
        return found.IsOk ? found.Value.Record.ToVersion(key, found.Value.IsLatest) : found.Failure;
    }

    /// <summary>Opens a version for reading; answers as <see cref="HeadObject"/> where there is none.</summary>
    public StoreResult<ObjectReader> OpenObject(string bucket, string key, string? versionId = null)
    {
        ulong missed = 0;
        while (true)
        {
            var found = Find(bucket, key, versionId);
            if (!found.IsOk)
                return found.Failure;
            var record = found.Value.Record;
            IContentSource? source = null;
            try
            {
                source = _opener.TryOpen(record.Data, record.Length);
                if (source is null && missed != record.Seq)
                {
                    // Replaced or deleted since the record was read: what is there now is the answer.
                    missed = record.Seq;
                    continue;
                }

                if (source is null)
                    throw new InvalidDataException("The content is not there, or is in quarantine.");
            }
            catch (InvalidDataException e)
            {
                _damage.Note(bucket, key, record.VersionId, record.Data, e.Message);
                return new StoreFailure(StoreError.Damaged, e.Message);
            }

            if (record.Data.Kind == DataKind.Parts && Find(bucket, key, versionId).Value?.Record.Data.Id != record.Data.Id)
            {
                // The lease may have come after the collector had asked for it.
                source.Dispose();
                continue;
            }

            return new ObjectReader(
                record.ToVersion(key, found.Value.IsLatest),
                source,
                (damaged, reason) => _damage.Note(bucket, key, record.VersionId, damaged.Data, reason));
        }
    }

    /// <summary>The parts of a completed multipart object after <paramref name="afterNumber"/>; none for an object put in one piece.</summary>
    public StoreResult<PartPage> ListObjectParts(string bucket, string key, string? versionId, int afterNumber, int maxParts)
    {
        var found = Find(bucket, key, versionId);
        if (!found.IsOk)
            return found.Failure;
        return found.Value.Record.Data.Kind == DataKind.Parts
            ? Guard<PartPage>(() => PartLister.List(_index, found.Value.Record.Data.Id, afterNumber, maxParts)) : new PartPage([], false);
    }

    /// <summary>Deletes one key or version.</summary>
    public Task<StoreResult<DeleteOutcome>> DeleteObjectAsync(ObjectDelete delete, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (StoreNames.TryGetKey(delete.Key) is not { } key)
            return Task.FromResult<StoreResult<DeleteOutcome>>(StoreError.InvalidName);
        return _committer.CommitAsync<DeleteOutcome>(transaction =>
        {
            if (FindBucket(transaction, delete.Bucket) is not { } bucket)
                return StoreError.NoSuchBucket;
            var usage = new UsageChange();
            var versions = VersionsOf(transaction, bucket, key, usage);
            var outcome = delete.VersionId is { } versionId
                ? DeleteVersion(versions, versionId, delete.Condition)
                : DeleteCurrent(transaction, versions, bucket.Bucket.Versioning, delete.Condition);
            if (!outcome.IsOk)
                return outcome.Failure;
            versions.Save();
            return usage.Apply(transaction, bucket, StoreQuota.None) is { } failure ? failure : outcome;
        });
    }

    /// <summary>Changes tags and documents of a version (the current one without <paramref name="versionId"/>).</summary>
    public Task<StoreResult<ObjectVersion>> ChangeObjectAsync(
        string bucket, string key, string? versionId, ObjectChange change, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (StoreNames.TryGetKey(key) is not { } keyBytes)
            return Task.FromResult<StoreResult<ObjectVersion>>(StoreError.InvalidName);
        return _committer.CommitAsync<ObjectVersion>(transaction =>
        {
            if (FindBucket(transaction, bucket) is not { } record)
                return StoreError.NoSuchBucket;
            var versions = VersionsOf(transaction, record, keyBytes, new UsageChange());
            var found = versionId is null ? versions.Current?.Version : versions.Find(versionId);
            if (Missing(found, versionId) is { } missing)
                return missing;
            var attributes = Changed(found!.Attributes, change);
            if (!StoreNames.AreFine(attributes))
                return StoreError.InvalidArgument;
            found = found with { Attributes = attributes };
            versions.Replace(found);
            versions.Save();
            return found.ToVersion(key, versions.Current!.Version.Seq == found.Seq);
        });
    }

    private static StoreResult<DeleteOutcome> DeleteVersion(KeyVersions versions, string versionId, WriteCondition? condition)
    {
        var found = versions.Find(versionId);
        if (Conditions.Check(condition, found is { IsDeleteMarker: false } ? found : null) is { } failure)
            return failure;
        if (found is not null)
            versions.Remove(found);
        return new DeleteOutcome(versionId, found?.IsDeleteMarker ?? false);
    }

    private static StoreResult<DeleteOutcome> DeleteCurrent(
        IndexTransaction transaction, KeyVersions versions, BucketVersioning versioning, WriteCondition? condition)
    {
        if (Conditions.Check(condition, versions.Live) is { } failure)
            return failure;
        if (versioning == BucketVersioning.Unversioned)
        {
            if (versions.Current is { } current)
                versions.Remove(current.Version);
            return new DeleteOutcome(null, false);
        }

        var marker = new VersionRecord
        {
            Seq = transaction.NextId(),
            Tail = versioning == BucketVersioning.Enabled ? VersionRecord.NewTail() : 0,
            IsDeleteMarker = true,
            LastModified = transaction.Now,
        };
        if (marker.IsNull)
            versions.PushNull(marker);
        else
            versions.Push(marker);
        return new DeleteOutcome(marker.VersionId, true);
    }

    private static ObjectAttributes Changed(ObjectAttributes attributes, ObjectChange change)
    {
        if (change.Tags is { } tags)
            attributes = attributes with { Tags = tags };
        if (change.Documents.Count == 0)
            return attributes;
        var documents = new Dictionary<string, byte[]>(attributes.Documents);
        foreach (var (kind, document) in change.Documents)
        {
            if (document is null)
                documents.Remove(kind);
            else
                documents[kind] = document;
        }

        return attributes with { Documents = documents };
    }

    private static StoreFailure? Missing(VersionRecord? found, string? versionId)
    {
        if (found is null)
            return new StoreFailure(versionId is null ? StoreError.NoSuchKey : StoreError.NoSuchVersion);
        return found.IsDeleteMarker
            ? new StoreFailure(versionId is null ? StoreError.NoSuchKey : StoreError.IsDeleteMarker, null, found.VersionId) : null;
    }

    private StoreResult<ObjectVersion> CommitPut(IndexTransaction transaction, ObjectPut put, byte[] key, ReceivedBody body)
    {
        if (FindBucket(transaction, put.Bucket) is not { } bucket)
            return StoreError.NoSuchBucket;
        var usage = new UsageChange();
        var versions = VersionsOf(transaction, bucket, key, usage);
        if (Conditions.Check(put.Condition, versions.Live) is { } failure)
            return failure;
        return PushVersion(transaction, bucket, versions, usage, put.Quota, put.Key, new VersionRecord
        {
            Seq = transaction.NextId(),
            Length = body.Length,
            ETag = body.ETag,
            Attributes = put.Attributes,
            Checksums = body.Checksums,
            Data = body.Enter(transaction, IndexKeys.Current(bucket.Id, key)),
        });
    }

    /// <summary>Makes a version current as the bucket's versioning says, and enters everything.</summary>
    private static StoreResult<ObjectVersion> PushVersion(
        IndexTransaction transaction,
        BucketRecord bucket,
        KeyVersions versions,
        UsageChange usage,
        StoreQuota quota,
        string key,
        VersionRecord version)
    {
        version = version with { LastModified = transaction.Now };
        if (bucket.Bucket.Versioning == BucketVersioning.Enabled)
        {
            version = version with { Tail = VersionRecord.NewTail() };
            versions.Push(version);
        }
        else
        {
            versions.PushNull(version);
        }

        versions.Save();
        return usage.Apply(transaction, bucket, quota) is { } failure ? failure : version.ToVersion(key, isLatest: true);
    }

    private StoreResult<FoundVersion> Find(string bucketName, string key, string? versionId)
    {
        try
        {
            if (FindBucket(bucketName) is not { } bucket)
                return StoreError.NoSuchBucket;
            if (StoreNames.TryGetKey(key) is not { } keyBytes)
                return StoreError.NoSuchKey;
            var currentKey = IndexKeys.Current(bucket.Id, keyBytes);
            for (ulong seen = 0; ;)
            {
                var current = _index.Get(currentKey) is { } record ? CurrentRecord.Decode(currentKey, record) : null;
                var found = current?.Version;
                if (versionId is not null && current is not null && found!.VersionId != versionId)
                    found = FindOlder(bucket, keyBytes, current, versionId);
                if (found is null && current is not null && seen != current.Version.Seq)
                {
                    // It may have become the current one between the two reads.
                    seen = current.Version.Seq;
                    continue;
                }

                return Missing(found, versionId) is { } missing
                    ? missing : new FoundVersion(bucket, found!, found!.Seq == current!.Version.Seq);
            }
        }
        catch (InvalidDataException e)
        {
            return new StoreFailure(StoreError.Damaged, e.Message);
        }
    }

    private VersionRecord? FindOlder(BucketRecord bucket, byte[] key, CurrentRecord current, string versionId)
    {
        var seq = versionId == ObjectVersion.NullVersionId ? current.NullSeq
            : VersionRecord.TryParseId(versionId, out var parsed, out _) ? parsed : 0;
        if (seq == 0)
            return null;
        var olderKey = IndexKeys.Older(bucket.Id, key, seq);
        return _index.Get(olderKey) is { } record && VersionRecord.Decode(olderKey, record) is var older && older.VersionId == versionId
            ? older : null;
    }

    private KeyVersions VersionsOf(IndexTransaction transaction, BucketRecord bucket, byte[] key, UsageChange usage) =>
        new(transaction, bucket.Id, key, usage, data => RemoveData(transaction, data));

    private void RemoveData(IndexTransaction transaction, DataRef data) =>
        DataRemoval.Remove(transaction, data, _garbage.CollectFile, _garbage.CollectUpload);

    /// <summary>What is known to refuse a write before its body is read.</summary>
    /// <param name="bucketName">Where it goes.</param>
    /// <param name="quota">The owner's.</param>
    /// <param name="length">The body's bytes, where they are known.</param>
    /// <param name="replaced">How many bytes the write sets free; asked only where it matters.</param>
    private StoreFailure? Refuses(string bucketName, StoreQuota quota, long? length, Func<BucketRecord, long> replaced)
    {
        if (_committer.Failure is { } reason)
            return new StoreFailure(StoreError.ReadOnly, reason);
        if (FindBucket(bucketName) is not { } bucket)
            return new StoreFailure(StoreError.NoSuchBucket);
        if (quota.Bytes is not { } bytes || length is not { } more)
            return null;
        var left = bytes - GetOwnerUsage(bucket.Bucket.OwnerId).Bytes;
        if (more <= left)
            return null;
        try
        {
            // As at the commit: what does not grow is never refused.
            var growth = more - replaced(bucket);
            return growth > 0 && growth > left ? new StoreFailure(StoreError.QuotaExceeded, "bytes") : null;
        }
        catch (InvalidDataException e)
        {
            return new StoreFailure(StoreError.Damaged, e.Message);
        }
    }

    /// <summary>The bytes of the version that a write to the key replaces: the null version, where versioning is not on.</summary>
    private long ReplacedBytes(BucketRecord bucket, byte[] key)
    {
        if (bucket.Bucket.Versioning == BucketVersioning.Enabled)
            return 0;
        var currentKey = IndexKeys.Current(bucket.Id, key);
        if (_index.Get(currentKey) is not { } record)
            return 0;
        var current = CurrentRecord.Decode(currentKey, record);
        if (current.Version.IsNull)
            return current.Version.Length;
        var olderKey = IndexKeys.Older(bucket.Id, key, current.NullSeq);
        return current.NullSeq > 0 && _index.Get(olderKey) is { } older ? VersionRecord.Decode(olderKey, older).Length : 0;
    }

    private async Task<StoreResult<ReceivedBody>> ReceiveAsync(
        Stream body, BodyExpectation expectation, bool encrypt, CancellationToken cancellationToken)
    {
        try
        {
            return await _receiver.ReceiveAsync(body, expectation, encrypt, cancellationToken);
        }
        catch (SyncFailedException e)
        {
            _committer.Fail(e.Message);
            return new StoreFailure(StoreError.ReadOnly, e.Message);
        }
    }

    /// <summary>Removes the file of a body that nothing refers to. After a failed write nobody knows what the index refers to.</summary>
    private void DiscardUnless(bool isCommitted, StoreFailure? failure, ReceivedBody body)
    {
        if (!isCommitted && failure?.Error != StoreError.ReadOnly && body.FileId != 0)
            _files.TryDelete(body.FileId);
    }
}
