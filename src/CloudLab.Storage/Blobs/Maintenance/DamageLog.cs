using CloudLab.Storage.Blobs.Data;
using CloudLab.Storage.Blobs.Metadata;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Maintenance;

/// <summary>Keeps what was found damaged, by a read or by the scrub, and takes its file into quarantine.</summary>
internal sealed class DamageLog
{
    private readonly IObjectIndex _index;
    private readonly Committer _committer;
    private readonly ObjectFiles _files;

    public DamageLog(IObjectIndex index, Committer committer, ObjectFiles files)
    {
        _index = index;
        _committer = committer;
        _files = files;
    }

    public long Count
    {
        get
        {
            long count = 0;
            using var cursor = _index.Walk(IndexKeys.AllDamage());
            for (var has = cursor.Seek(IndexKeys.AllDamage()); has; has = cursor.Next())
                count++;
            return count;
        }
    }

    public IReadOnlyList<DamagedObject> List(int max)
    {
        var damaged = new List<DamagedObject>();
        using var cursor = _index.Walk(IndexKeys.AllDamage());
        for (var has = cursor.Seek(IndexKeys.AllDamage()); has && damaged.Count < max; has = cursor.Next())
        {
            var record = DamageRecord.Decode(cursor.Key, cursor.Value);
            damaged.Add(new DamagedObject(
                record.Bucket,
                record.Key,
                record.VersionId,
                record.Found,
                record.Reason,
                record.IsQuarantined ? _files.QuarantinePathOf(IndexKeys.LastNumber(cursor.Key)) : null));
        }

        return damaged;
    }

    /// <summary>As <see cref="NoteAsync"/>, for a reader that does not wait.</summary>
    public void Note(string bucket, string key, string? versionId, DataRef data, string reason) =>
        _ = NoteAsync(bucket, key, versionId, data, reason);

    /// <summary>Notes damage, once, if something still refers to the data. Failures to do so are of no consequence: it will be found again.</summary>
    public async Task NoteAsync(string bucket, string key, string? versionId, DataRef data, string reason)
    {
        try
        {
            var isFile = data.Kind == DataKind.File;
            var noted = await _committer.CommitAsync<Nothing>(transaction =>
            {
                var damageKey = IndexKeys.Damage(data.Kind, data.Id);
                var isGone = isFile && transaction.Get(IndexKeys.File(data.Id)) is null;
                if (isGone || transaction.Get(damageKey) is not null)
                    return StoreError.NoSuchKey;
                transaction.Put(
                    damageKey, new DamageRecord(bucket, key, versionId, transaction.Now, reason, isFile).Encode(damageKey));
                return Nothing.Value;
            });
            if (noted.IsOk && isFile)
                _files.Quarantine(data.Id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // The object stays where it is and goes on answering that it is damaged.
        }
    }
}
