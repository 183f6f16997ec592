using CloudLab.Storage.Blobs.Objects;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>A long random history of one bucket, played on the store and on the model side by side.</summary>
internal sealed class StoreHistory(StoreHarness harness, Random random)
{
    // Keys that sort otherwise as text than as bytes, that begin with each other, and that hold delimiters in odd places.
    private static readonly string[] Names =
    [
        "a", "a/", "a//", "a/b", "a/b/c", "a/bb", "a0", "ab", "abc/abd", "B", "é", "\U0001F600", "\uFFFD", "a\0", "a\0b", "/", "//", "a--b--c", "..", "a/../b",
    ];

    private static readonly string[] Delimiters = ["", "/", "//", "b", "--", "a/", "é", "\0", "/b/"];
    private static readonly int[] Lengths = [0, 1, 999, 1000, 1001, 3000, 65_536, 70_000, 140_000];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly StoreModel _model = new();

    private ObjectStore Store => harness.Store;

    public async Task PlayAsync(int steps)
    {
        await Store.MakeBucketAsync("b");
        for (var i = 0; i < steps; i++)
        {
            await StepAsync();
            if (random.Next(25) == 0)
            {
                if (random.Next(3) == 0)
                    await harness.ReopenAsync();
                Compare();
            }
        }

        await harness.ReopenAsync();
        Compare();
    }

    /// <summary>Empties the bucket: nothing is left anywhere.</summary>
    public async Task ClearAsync()
    {
        foreach (var version in _model.Versions.ToList())
            await RemoveAsync(version.Key, version.VersionId);
        foreach (var id in _model.Uploads.Keys.ToList())
            await AbortAsync(id);
        Compare();
        await Store.DeleteBucketAsync("b", Token).OkAsync();
    }

    private async Task StepAsync()
    {
        var key = Any(Names);
        switch (random.Next(20))
        {
            case < 7:
                await PutAsync(key);
                break;
            case < 9:
                await DeleteAsync(key);
                break;
            case < 12 when _model.Versions.Any():
                var victim = Any([.. _model.Versions]);
                await RemoveAsync(victim.Key, victim.VersionId);
                break;
            case 12:
                var next = random.Next(2) == 0 ? BucketVersioning.Enabled : BucketVersioning.Suspended;
                await Store.SetVersioningAsync("b", next, Token).OkAsync();
                _model.Versioning = next;
                break;
            case 13:
                var upload = await Store.CreateUploadAsync(new UploadCreation { Bucket = "b", Key = key, ChecksumAlgorithm = ChecksumAlgorithm.Crc32, IsCompositeChecksum = false }, Token).OkAsync();
                _model.Uploads.Add(upload.UploadId, (key, []));
                break;
            case < 17 when _model.Uploads.Count > 0:
                await PartAsync(Any([.. _model.Uploads.Keys]));
                break;
            case 17 when _model.Uploads.Count > 0:
                await CompleteAsync(Any([.. _model.Uploads.Keys]));
                break;
            case 18 when _model.Uploads.Count > 3:
                await AbortAsync(Any([.. _model.Uploads.Keys]));
                break;
        }
    }

    private async Task PutAsync(string key)
    {
        var bytes = SomeBytes();
        var current = _model.Current(key) is { Bytes: { } there } ? Etag(there) : null;
        var condition = random.Next(4) switch
        {
            0 => new WriteCondition(IfNoneMatch: "*"),
            1 when current is not null && _model.Current(key)!.Bytes!.Length < 200_000 => new WriteCondition(IfMatch: Store.HeadObject("b", key).Ok().ETag),
            _ => WriteCondition.None,
        };
        var put = await Store.TryPutAsync("b", key, bytes, condition, encrypt: random.Next(3) == 0);
        if (condition.IfNoneMatch is not null && current is not null)
            Assert.Equal(StoreError.PreconditionFailed, put.Failure?.Error);
        else
            Wrote(key, bytes, put.Ok().VersionId);
    }

    private void Wrote(string key, byte[]? bytes, string versionId)
    {
        Assert.Equal(_model.Versioning == BucketVersioning.Enabled, versionId != ObjectVersion.NullVersionId);
        _model.Write(key, bytes, versionId);
    }

    private async Task DeleteAsync(string key)
    {
        var outcome = await Store.DeleteAsync("b", key).OkAsync();
        if (_model.Versioning == BucketVersioning.Unversioned)
        {
            Assert.Equal(new DeleteOutcome(null, false), outcome);
            _model.Remove(key, ObjectVersion.NullVersionId);
            return;
        }

        Assert.True(outcome.IsDeleteMarker);
        Wrote(key, null, outcome.VersionId!);
    }

    private async Task RemoveAsync(string key, string versionId)
    {
        var isMarker = _model.Versions.Single(v => v.Key == key && v.VersionId == versionId).Bytes is null;
        Assert.Equal(new DeleteOutcome(versionId, isMarker), await Store.DeleteAsync("b", key, versionId).OkAsync());
        _model.Remove(key, versionId);
        Assert.True(Store.Read("b", key, versionId) is null);
    }

    private async Task PartAsync(string id)
    {
        var (key, parts) = _model.Uploads[id];
        var number = random.Next(1, 6) * (random.Next(10) == 0 ? 2000 : 1);
        var bytes = SomeBytes();
        await Store.PutPartAsync(new PartPut { Bucket = "b", Key = key, UploadId = id, Number = number }, new MemoryStream(bytes), Token).OkAsync();
        parts[number] = bytes;
    }

    private async Task CompleteAsync(string id)
    {
        var (key, parts) = _model.Uploads[id];
        var chosen = parts.Where(_ => random.Next(4) > 0).ToList();
        if (chosen.Count == 0)
            return;
        var completed = await Store.CompleteUploadAsync(
            new UploadCompletion
            {
                Bucket = "b",
                Key = key,
                UploadId = id,
                MinPartLength = 0,
                Parts = [.. chosen.Select(part => new CompletedPart(part.Key, Etag(part.Value)))],
            },
            Token).OkAsync();
        _model.Uploads.Remove(id);
        Wrote(key, [.. chosen.SelectMany(part => part.Value)], completed.VersionId);
        Assert.Equal(chosen.Select(p => p.Key), Store.ListObjectParts("b", key, completed.VersionId, 0, 1000).Ok().Parts.Select(p => p.Number));
    }

    private async Task AbortAsync(string id)
    {
        await Store.AbortUploadAsync("b", _model.Uploads[id].Key, id, Token).OkAsync();
        _model.Uploads.Remove(id);
    }

    private void Compare()
    {
        Assert.Equal(_model.Usage, Store.GetBucketUsage("b"));
        Assert.Equal(_model.Usage, Store.GetOwnerUsage("owner"));
        foreach (var version in _model.Versions.Where(version => version.Bytes is not null))
            Assert.Equal(version.Bytes, Store.Read("b", version.Key, version.VersionId));
        foreach (var name in Names)
            Assert.Equal(_model.Current(name)?.Bytes, Store.Read("b", name));
        for (var i = 0; i < 8; i++)
        {
            CompareListing(random.Next(2) == 0 ? "" : Any(Names), Any(Delimiters), random.Next(1, 8));
            CompareVersions(random.Next(2) == 0 ? "" : Any(Names), Any(Delimiters), random.Next(1, 8));
            CompareUploads(random.Next(2) == 0 ? "" : Any(Names), Any(Delimiters), random.Next(1, 4));
        }

        Assert.Empty(Store.ListDamaged());
    }

    private void CompareListing(string prefix, string delimiter, int max)
    {
        var start = random.Next(2) == 0 ? null : Any(Names);
        var expected = StoreModel.Roll(_model.Live.Select(v => v.Key), prefix, delimiter, start);
        var listed = new List<string>();
        for (var after = start; ;)
        {
            var page = Store.ListObjects(new ObjectListing { Bucket = "b", Prefix = prefix, Delimiter = delimiter, StartAfter = after, MaxKeys = max }).Ok();
            var entries = page.Objects.Select(o => o.Key).Concat(page.CommonPrefixes).Order(Comparer<string>.Create(StoreModel.CompareBytes)).ToList();
            listed.AddRange(entries);
            Assert.True(page.Next is null ? entries.Count <= max : entries.Count == max);
            foreach (var o in page.Objects)
                Assert.Equal(_model.Current(o.Key)!.VersionId, o.VersionId);
            if (page.Next is null)
                break;
            Assert.Equal(entries[^1], page.Next);
            after = page.Next;
        }

        Assert.Equal(expected, listed);
    }

    private void CompareVersions(string prefix, string delimiter, int max)
    {
        var expected = new List<string>();
        var expectedGroups = StoreModel.Roll(_model.Versions.Select(v => v.Key).Distinct(), prefix, delimiter, null).ToHashSet();
        foreach (var version in _model.Versions.Where(v => v.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var at = delimiter.Length == 0 ? -1 : version.Key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            if (at < 0)
                expected.Add($"{version.Key} {version.VersionId} {_model.Current(version.Key) == version} {version.Bytes is null}");
            else
                Assert.Contains(version.Key[..(at + delimiter.Length)], expectedGroups);
        }

        var listed = new List<string>();
        var groups = new HashSet<string>();
        var listing = new VersionListing { Bucket = "b", Prefix = prefix, Delimiter = delimiter, MaxKeys = max };
        while (true)
        {
            var page = Store.ListVersions(listing).Ok();
            listed.AddRange(page.Versions.Select(v => $"{v.Key} {v.VersionId} {v.IsLatest} {v.IsDeleteMarker}"));
            Assert.All(page.CommonPrefixes, group => Assert.True(groups.Add(group)));
            if (!page.IsTruncated)
                break;
            Assert.Equal(max, page.Versions.Count + page.CommonPrefixes.Count);
            listing = listing with { KeyMarker = page.NextKeyMarker, VersionIdMarker = page.NextVersionIdMarker };
        }

        Assert.Equal(expected, listed);
        Assert.Equal(expectedGroups.Count, groups.Count + listed.Select(l => l.Split(' ')[0]).Distinct().Count());
    }

    private void CompareUploads(string prefix, string delimiter, int max)
    {
        var ordered = _model.Uploads.OrderBy(u => u.Value.Key, Comparer<string>.Create(StoreModel.CompareBytes)).ThenBy(u => u.Key, StringComparer.Ordinal).ToList();
        var groups = StoreModel.Roll(ordered.Select(u => u.Value.Key), prefix, delimiter, null);
        var expected = ordered.Where(u => u.Value.Key.StartsWith(prefix, StringComparison.Ordinal)
            && (delimiter.Length == 0 || u.Value.Key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal) < 0)).Select(u => u.Key).ToList();
        var listed = new List<string>();
        var listedGroups = 0;
        var listing = new UploadListing { Bucket = "b", Prefix = prefix, Delimiter = delimiter, MaxUploads = max };
        while (true)
        {
            var page = Store.ListUploads(listing).Ok();
            listed.AddRange(page.Uploads.Select(u => u.UploadId));
            listedGroups += page.CommonPrefixes.Count;
            if (!page.IsTruncated)
                break;
            listing = listing with { KeyMarker = page.NextKeyMarker, UploadIdMarker = page.NextUploadIdMarker };
        }

        Assert.Equal(expected, listed);
        Assert.Equal(groups.Count, listedGroups + listed.Select(id => _model.Uploads[id].Key).Distinct().Count());
        foreach (var (id, (key, parts)) in _model.Uploads)
            Assert.Equal(parts.Keys, Store.ListParts("b", key, id, 0, 1000).Ok().Parts.Select(p => p.Number));
    }

    private byte[] SomeBytes() => Bytes(Any(Lengths), random.Next());

    private T Any<T>(T[] choices) => choices[random.Next(choices.Length)];

    private static string Etag(byte[] bytes) => Convert.ToHexStringLower(StoreExtensions.Md5(bytes));
}
