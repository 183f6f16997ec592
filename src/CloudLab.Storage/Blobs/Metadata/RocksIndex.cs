using RocksDbSharp;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>The index in RocksDB: metadata in one column family, the bytes of small objects in another.</summary>
/// <remarks>
/// A write is one batch with a synced write-ahead log, which is what makes it atomic and durable; both families share the log.
/// The bytes of small objects leave the log for blob files, which compaction does not rewrite with their keys. At a power cut
/// in the middle of a log record recovery drops that record and what follows, which was not acknowledged
/// (kPointInTimeRecovery).
/// </remarks>
internal sealed class RocksIndex : IObjectIndex
{
    private const string DataFamily = "data";

    // kPointInTimeRecovery is RocksDB's own default.
    private const ulong MetadataBufferBytes = 8 << 20;
    private const ulong DataBufferBytes = 16 << 20;
    private const ulong LogBytes = 64 << 20;
    private const ulong CacheBytes = 16 << 20;
    private const ulong BlobFileBytes = 64 << 20;
    private const ulong BlockBytes = 8 << 10;

    private readonly RocksDb _db;
    private readonly ColumnFamilyHandle _metadata;
    private readonly ColumnFamilyHandle _data;
    private readonly WriteOptions _synced = new WriteOptions().SetSync(true);
    private readonly ReadOptions _reads = new();

    private RocksIndex(RocksDb db)
    {
        _db = db;
        _metadata = db.GetDefaultColumnFamily();
        _data = db.GetColumnFamily(DataFamily);
    }

    /// <exception cref="IOException">It cannot be opened.</exception>
    public static RocksIndex Open(string directory)
    {
        var options = new DbOptions()
            .SetCreateIfMissing()
            .SetCreateMissingColumnFamilies()
            .SetMaxTotalWalSize(LogBytes)
            .SetMaxOpenFiles(256)
            .SetMaxBackgroundCompactions(1)
            .SetMaxBackgroundFlushes(1)
            .SetStatsDumpPeriodSec(0)
            .SetKeepLogFileNum(4)
            .SetMaxLogFileSize(1 << 20)
            .SkipStatsUpdateOnOpen(true);
        var cache = Cache.CreateLru(CacheBytes);
        var table = new BlockBasedTableOptions()
            .SetBlockCache(cache)
            .SetBlockSize(BlockBytes)
            .SetFilterPolicy(BloomFilterPolicy.Create(10, false))
            .SetCacheIndexAndFilterBlocks(true)
            .SetPinL0FilterAndIndexBlocksInCache(true);
        var metadata = new ColumnFamilyOptions()
            .SetWriteBufferSize(MetadataBufferBytes)
            .SetMaxWriteBufferNumber(2)
            .SetLevelCompactionDynamicLevelBytes(true)
            .SetBlockBasedTableFactory(table);
        var data = new ColumnFamilyOptions()
            .SetWriteBufferSize(DataBufferBytes)
            .SetMaxWriteBufferNumber(2)
            .SetCompression(Compression.No)
            .SetBlockBasedTableFactory(table);
        var native = Native.Instance;
        native.rocksdb_options_set_enable_blob_files(data.Handle, 1);
        native.rocksdb_options_set_blob_file_size(data.Handle, BlobFileBytes);
        native.rocksdb_options_set_enable_blob_gc(data.Handle, 1);
        try
        {
            return new RocksIndex(RocksDb.Open(
                options, directory, new ColumnFamilies { { ColumnFamilies.DefaultName, metadata }, { DataFamily, data } }));
        }
        catch (RocksDbException e)
        {
            throw new IOException($"The object index in {directory} cannot be opened: {e.Message}", e);
        }
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        try
        {
            return _db.Get(key, FamilyOf(key), _reads);
        }
        catch (RocksDbException e)
        {
            throw new IOException($"The object index cannot be read: {e.Message}", e);
        }
    }

    public IIndexCursor Walk(ReadOnlySpan<byte> prefix) => new Cursor(_db.NewIterator(FamilyOf(prefix)), prefix.ToArray());

    public void Write(IReadOnlyCollection<KeyValuePair<byte[], byte[]?>> changes)
    {
        using var batch = new WriteBatch();
        foreach (var (key, value) in changes)
        {
            if (value is null)
                batch.Delete(key, FamilyOf(key));
            else
                batch.Put(key, value, FamilyOf(key));
        }

        try
        {
            _db.Write(batch, _synced);
        }
        catch (RocksDbException e)
        {
            throw new IOException($"The object index cannot be written: {e.Message}", e);
        }
    }

    public void Dispose() => _db.Dispose();

    private ColumnFamilyHandle FamilyOf(ReadOnlySpan<byte> key) => key.StartsWith([IndexKeys.InlineData]) ? _data : _metadata;

    private sealed class Cursor(Iterator iterator, byte[] prefix) : IIndexCursor
    {
        public ReadOnlySpan<byte> Key => iterator.GetKeySpan();

        public ReadOnlySpan<byte> Value => iterator.GetValueSpan();

        public bool Seek(ReadOnlySpan<byte> key)
        {
            iterator.Seek(key);
            return IsWithin();
        }

        public bool Next()
        {
            iterator.Next();
            return IsWithin();
        }

        public void Dispose() => iterator.Dispose();

        private bool IsWithin()
        {
            if (iterator.Valid())
                return iterator.GetKeySpan().StartsWith(prefix);
            try
            {
                ThrowIfFailed();
            }
            catch (RocksDbException e)
            {
                throw new IOException($"The object index cannot be read: {e.Message}", e);
            }

            return false;
        }

        private void ThrowIfFailed() => Native.Instance.rocksdb_iter_get_error(iterator.Handle);
    }
}
