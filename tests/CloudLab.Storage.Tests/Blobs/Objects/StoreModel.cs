using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>The object store in a page, for one bucket: what the engine is compared with.</summary>
internal sealed class StoreModel
{
    private readonly SortedDictionary<string, List<ModelVersion>> _keys = new(Comparer<string>.Create(CompareBytes));

    public BucketVersioning Versioning { get; set; }

    /// <summary>Unfinished uploads by id: the key, and parts by number.</summary>
    public Dictionary<string, (string Key, SortedDictionary<int, byte[]> Parts)> Uploads { get; } = [];

    /// <summary>By key, the newest of a key first.</summary>
    public IEnumerable<ModelVersion> Versions => _keys.Values.SelectMany(versions => versions.AsEnumerable().Reverse());

    public StoreUsage Usage => new(
        Versions.Sum(v => (long)(v.Bytes?.Length ?? 0)) + Uploads.Values.Sum(u => u.Parts.Values.Sum(p => (long)p.Length)),
        Versions.Count() + Uploads.Values.Sum(u => u.Parts.Count),
        1);

    public IEnumerable<ModelVersion> Live => _keys.Values.Select(versions => versions[^1]).Where(version => version.Bytes is not null);

    public ModelVersion? Current(string key) => _keys.TryGetValue(key, out var versions) ? versions[^1] : null;

    /// <summary>Writes bytes, or with null a delete marker.</summary>
    public void Write(string key, byte[]? bytes, string versionId)
    {
        if (!_keys.TryGetValue(key, out var versions))
            _keys.Add(key, versions = []);
        if (Versioning != BucketVersioning.Enabled)
            versions.RemoveAll(version => version.VersionId == ObjectVersion.NullVersionId);
        versions.Add(new ModelVersion(key, versionId, bytes));
    }

    public void Remove(string key, string versionId)
    {
        if (!_keys.TryGetValue(key, out var versions))
            return;
        versions.RemoveAll(version => version.VersionId == versionId);
        if (versions.Count == 0)
            _keys.Remove(key);
    }

    /// <summary>What a listing has: keys and common prefixes, each once, in order.</summary>
    public static List<string> Roll(IEnumerable<string> keys, string prefix, string delimiter, string? startAfter)
    {
        var entries = new List<string>();
        foreach (var key in keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var at = delimiter.Length == 0 ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            var entry = at < 0 ? key : key[..(at + delimiter.Length)];
            if ((startAfter is null || CompareBytes(entry, startAfter) > 0) && (entries.Count == 0 || entries[^1] != entry))
                entries.Add(entry);
        }

        return entries;
    }

    public static int CompareBytes(string x, string y) =>
        System.Text.Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(y));
}

/// <summary>A version in the model; without bytes a delete marker.</summary>
internal sealed record ModelVersion(string Key, string VersionId, byte[]? Bytes);
