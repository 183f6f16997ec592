using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>The versions of one key within a transaction: the current one, the older ones, and at most one null version.</summary>
/// <remarks>Every key that has versions has a current record, which is its newest version. The changes are entered by <see cref="Save"/>.</remarks>
internal sealed class KeyVersions
{
    private readonly IndexTransaction _transaction;
    private readonly ulong _bucket;
    private readonly byte[] _key;
    private readonly byte[] _currentKey;
    private readonly UsageChange _usage;
    private readonly Action<DataRef> _remove;

    /// <param name="remove">Takes the data of a removed version out.</param>
    public KeyVersions(IndexTransaction transaction, ulong bucket, byte[] key, UsageChange usage, Action<DataRef> remove)
    {
        _transaction = transaction;
        _bucket = bucket;
        _key = key;
        _usage = usage;
        _remove = remove;
        _currentKey = IndexKeys.Current(bucket, key);
        if (transaction.Get(_currentKey) is { } record)
            Current = CurrentRecord.Decode(_currentKey, record);
    }

    public CurrentRecord? Current { get; private set; }

    /// <summary>What conditions and reads see: null where there is nothing, or a delete marker.</summary>
    public VersionRecord? Live => Current is { Version.IsDeleteMarker: false } current ? current.Version : null;

    public VersionRecord? Find(string versionId)
    {
        if (Current is null || Current.Version.VersionId == versionId)
            return Current?.Version;
        var seq = SeqOf(versionId);
        if (seq == 0 || TryGetOlder(seq) is not { } older || older.VersionId != versionId)
            return null;
        return older;
    }

    /// <summary>Makes a version current; the one that was becomes an older one.</summary>
    public void Push(VersionRecord version)
    {
        if (Current is { } current)
        {
            PutOlder(current.Version);
            var nullSeq = current.Version.IsNull ? current.Version.Seq : current.NullSeq;
            Current = new CurrentRecord(current.OlderCount + 1, nullSeq, version);
        }
        else
        {
            Current = new CurrentRecord(0, 0, version);
        }

        _usage.Add(version.Length);
    }

    /// <summary>Replaces the null version, wherever it is, by a new one that is current.</summary>
    public void PushNull(VersionRecord version)
    {
        if (Current is { Version.IsNull: true } current)
        {
            Drop(current.Version);
            Current = current with { Version = version };
            _usage.Add(version.Length);
            return;
        }

        if (Current is { NullSeq: > 0 } && TryGetOlder(Current.NullSeq) is { } older)
            Remove(older);
        Push(version);
    }

    /// <summary>Removes a version for good. If it was the current one, the newest that is left becomes current.</summary>
    public void Remove(VersionRecord version)
    {
        Drop(version);
        if (Current!.Version.Seq != version.Seq)
        {
            _transaction.Delete(IndexKeys.Older(_bucket, _key, version.Seq));
            Current = Current with
            {
                OlderCount = Current.OlderCount - 1,
                NullSeq = version.IsNull ? 0 : Current.NullSeq,
            };
            return;
        }

        Current = Current.OlderCount == 0 ? null : Promote(Current);
    }

    /// <summary>Replaces the record of a version by one with other attributes.</summary>
    public void Replace(VersionRecord version)
    {
        if (Current!.Version.Seq == version.Seq)
            Current = Current with { Version = version };
        else
            PutOlder(version);
    }

    public void Save()
    {
        if (Current is null)
            _transaction.Delete(_currentKey);
        else
            _transaction.Put(_currentKey, Current.Encode(_currentKey));
    }

    private CurrentRecord Promote(CurrentRecord removed)
    {
        foreach (var (key, record) in _transaction.Scan(IndexKeys.Olders(_bucket, _key)))
        {
            var newest = VersionRecord.Decode(key, record);
            _transaction.Delete(key);
            return new CurrentRecord(removed.OlderCount - 1, newest.IsNull ? 0 : removed.NullSeq, newest);
        }

        throw new InvalidDataException("The older versions of a key are not in the index.");
    }

    private void Drop(VersionRecord version)
    {
        _usage.Remove(version.Length);
        _remove(version.Data);
    }

    private void PutOlder(VersionRecord version)
    {
        var key = IndexKeys.Older(_bucket, _key, version.Seq);
        _transaction.Put(key, version.Encode(key));
    }

    private VersionRecord? TryGetOlder(ulong seq)
    {
        var key = IndexKeys.Older(_bucket, _key, seq);
        return _transaction.Get(key) is { } record ? VersionRecord.Decode(key, record) : null;
    }

    private ulong SeqOf(string versionId)
    {
        if (versionId == ObjectVersion.NullVersionId)
            return Current!.NullSeq;
        return VersionRecord.TryParseId(versionId, out var seq, out _) ? seq : 0;
    }
}
