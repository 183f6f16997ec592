using System.Text;
using CloudLab.Storage.Blobs.Data;
using CloudLab.Storage.Blobs.Maintenance;
using CloudLab.Storage.Blobs.Metadata;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Buckets of versioned objects in one directory: the engine under the S3 protocol.</summary>
/// <remarks>
/// <code>
/// DIR/lock          held exclusively while the store is open
/// DIR/index/        buckets, versions, uploads, and the bytes of small objects (RocksDB; IndexKeys, docs/formats/object-store.md)
/// DIR/files/B/N     the bytes of large objects and parts, one file each, written once (ObjectFileFormat)
/// DIR/quarantine/N  files that were found damaged
/// DIR/keys/K        master keys of encrypted objects (MasterKeys)
///
/// put    BodyReceiver: body → digests, and memory or a synced file → Committer: conditions, versions, usage → one synced write for many
/// get    index → ContentOpener → chunks, each verified before it is handed out
/// </code>
/// All methods may be called from any thread, concurrently. A write is acknowledged when it survives power loss. Reads of the
/// index are synchronous: they take microseconds, at most a read of the local disk, and see only what is durable. Expected
/// failures are values; what a body's stream throws passes through, and leaves nothing.
/// </remarks>
public sealed partial class ObjectStore : IAsyncDisposable
{
    private readonly ObjectStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly DirectoryLock? _lock;
    private readonly IObjectIndex _index;
    private readonly Committer _committer;
    private readonly ObjectFiles _files;
    private readonly MasterKeys _keys;
    private readonly BodyReceiver _receiver;
    private readonly ContentOpener _opener;
    private readonly PartLeases _leases;
    private readonly GarbageCollector _garbage;
    private readonly DamageLog _damage;
    private readonly Scrubber _scrubber;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _maintenance;

    /// <remarks>The caller sees to it that nobody else uses the directory.</remarks>
    internal ObjectStore(
        ObjectStoreOptions options, TimeProvider time, IFileLayer layer, IObjectIndex index, DirectoryLock? directoryLock)
    {
        _options = options;
        _time = time;
        _lock = directoryLock;
        _index = index;
        StoreFormat.Check(index);
        _committer = new Committer(index, time);
        _files = new ObjectFiles(layer, options.Directory, index, _committer);
        _keys = new MasterKeys(layer, Path.Combine(options.Directory, "keys"));
        layer.TrySyncDirectory(options.Directory);
        _garbage = new GarbageCollector(index, _committer, _files);
        _leases = new PartLeases(_garbage.CollectUpload);
        _garbage.Leases = _leases;
        _receiver = new BodyReceiver(_files, _keys, layer, options);
        _opener = new ContentOpener(index, _files, _keys, _leases);
        _damage = new DamageLog(index, _committer, _files);
        _scrubber = new Scrubber(index, _committer, _opener, _damage, options, time);
        _maintenance = MaintainAsync(_closing.Token);
    }

    /// <summary>Whether the store takes writes, and what its scrub has found.</summary>
    public StoreStatus Status => new(
        _committer.Failure,
        _scrubber.Bytes,
        _scrubber.Objects,
        _scrubber.Passes,
        _damage.Count,
        _committer.Commits,
        _committer.Syncs,
        _garbage.FilesCollected);

    /// <summary>Opens the store, creating it where it is missing.</summary>
    /// <exception cref="IOException">Somebody else has the store open, the directory is not usable, or its format is unknown.</exception>
    public static ObjectStore Open(ObjectStoreOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.InlineBytes, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.InlineBytes, 1 << 20, nameof(options));
        options = options with { Directory = Path.GetFullPath(options.Directory) };
        var directoryLock = DirectoryLock.TryTake(options.Directory)
            ?? throw new IOException($"The object store in {options.Directory} is in use by another process.");
        RocksIndex? index = null;
        try
        {
            var layer = new OsFileLayer();
            // The store's own name must survive as well; what is above it is its creator's affair.
            if (Path.GetDirectoryName(options.Directory) is { } parent)
                layer.TrySyncDirectory(parent);
            index = RocksIndex.Open(Path.Combine(options.Directory, "index"));
            return new ObjectStore(options, time, layer, index, directoryLock);
        }
        catch
        {
            index?.Dispose();
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>What is known to be damaged, at most <paramref name="max"/>.</summary>
    public IReadOnlyList<DamagedObject> ListDamaged(int max = 1000) => _damage.List(max);

    /// <summary>Verifies everything that is stored, once and as fast as it can be read, beside the scrub in the background.</summary>
    public Task ScrubAsync(CancellationToken cancellationToken) => _scrubber.PassAsync(isPaced: false, cancellationToken);

    /// <summary>Has new objects encrypted under a new master key; the old ones stay readable.</summary>
    /// <exception cref="IOException">The key could not be made durable; the old one stays in use.</exception>
    public void RotateMasterKey() => _keys.Rotate();

    /// <summary>Finishes what has begun to commit and gives the directory free. Readers have to be disposed before.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _maintenance;
        _committer.Dispose();
        _index.Dispose();
        _files.Dispose();
        _closing.Dispose();
        _lock?.Dispose();
    }

    private Task MaintainAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => _garbage.RunAsync(cancellationToken), CancellationToken.None),
        Task.Run(() => _scrubber.RunAsync(cancellationToken), CancellationToken.None),
        Task.Run(() => new UploadExpiry(this, _options, _time).RunAsync(cancellationToken), CancellationToken.None));

    private BucketRecord? FindBucket(string name)
    {
        if (!StoreNames.IsBucket(name))
            return null;
        var key = IndexKeys.Bucket(name);
        return _index.Get(key) is { } record ? BucketRecord.Decode(key, record, name) : null;
    }

    private static BucketRecord? FindBucket(IndexTransaction transaction, string name)
    {
        if (!StoreNames.IsBucket(name))
            return null;
        var key = IndexKeys.Bucket(name);
        return transaction.Get(key) is { } record ? BucketRecord.Decode(key, record, name) : null;
    }

    private static string TextOf(ReadOnlySpan<byte> key) => Encoding.UTF8.GetString(key);

    /// <summary>Runs a read of the index; a record that does not fit is damage.</summary>
    private static StoreResult<T> Guard<T>(Func<StoreResult<T>> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            return new StoreFailure(StoreError.Damaged, e.Message);
        }
    }
}
