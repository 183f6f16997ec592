using System.Buffers.Binary;
using System.Globalization;
using CloudLab.Storage.Blobs.Metadata;
using CloudLab.Storage.Blobs.Objects;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>The files of large objects and parts: their numbers, names and directories.</summary>
/// <remarks>
/// A file has its final name from the start and is never renamed: a number is used once, and only the index makes a file an
/// object, so a file that the index does not name is nothing, whatever it holds. Numbers come in blocks of 4096, each a directory;
/// a process begins a new block, so whatever lies in an older one was there before it, and concurrent writers share a
/// directory's sync. Before the index may name a file, its content and its directory entry have to be synced, in any order.
/// </remarks>
internal sealed class ObjectFiles : IDisposable
{
    private const int BlockBits = 12;

    private static readonly byte[] NextBlockKey = IndexKeys.Store("next-block");

    private readonly IFileLayer _layer;
    private readonly string _root;
    private readonly string _quarantine;
    private readonly Committer _committer;
    private readonly DirectorySyncs _syncs;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ulong _next;
    private ulong _end;
    private ulong _currentBlock;

    public ObjectFiles(IFileLayer layer, string directory, IObjectIndex index, Committer committer)
    {
        _layer = layer;
        _root = Path.Combine(directory, "files");
        _quarantine = Path.Combine(directory, "quarantine");
        _committer = committer;
        _syncs = new DirectorySyncs(layer);
        layer.CreateDirectory(_root);
        layer.CreateDirectory(_quarantine);
        OldBlocks = ReadNextBlock(index.Get(NextBlockKey));
    }

    /// <summary>Blocks below this one were begun by processes before; none of their files is still being written.</summary>
    public ulong OldBlocks { get; }

    /// <summary>Creates a file whose name is durable when <see cref="NewFile.Named"/> has completed.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public async Task<StoreResult<NewFile>> CreateAsync(CancellationToken cancellationToken)
    {
        ulong id;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_next == _end && await BeginBlockAsync() is { } failure)
                return failure;
            id = _next++;
        }
        finally
        {
            _gate.Release();
        }

        var path = PathOf(id);
        var file = _layer.Create(path);
        return new NewFile(id, path, file, _syncs.SyncAsync(Path.GetDirectoryName(path)!));
    }

    /// <summary>Null if there is no such file; one in quarantine is not served.</summary>
    public IFile? Open(ulong id) => _layer.OpenRead(PathOf(id));

    /// <summary>Removes the file, from quarantine as well. It need not be durable: what the index does not name is nothing.</summary>
    public bool Delete(ulong id)
    {
        var isDeleted = _layer.Delete(PathOf(id));
        isDeleted |= _layer.Delete(QuarantinePathOf(id));
        var block = id >> BlockBits;
        if (isDeleted && block != Volatile.Read(ref _currentBlock))
            _layer.TryRemoveDirectory(DirectoryOf(block));
        return isDeleted;
    }

    /// <summary>Removes the file if the disk lets it; what stays is collected at a later start.</summary>
    public bool TryDelete(ulong id)
    {
        try
        {
            return Delete(id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Takes a damaged file aside; answers where it is, or null if it is nowhere.</summary>
    public string? Quarantine(ulong id)
    {
        var path = QuarantinePathOf(id);
        using (var there = _layer.OpenRead(path))
        {
            if (there is not null)
                return path;
        }

        using (var file = _layer.OpenRead(PathOf(id)))
        {
            if (file is null)
                return null;
        }

        _layer.TryRename(PathOf(id), path);
        _layer.TrySyncDirectory(_quarantine);
        return path;
    }

    public string QuarantinePathOf(ulong id) => Path.Combine(_quarantine, NameOf(id));

    /// <summary>The numbers of the files of old blocks, block by block.</summary>
    public IEnumerable<ulong> OldFiles()
    {
        foreach (var directory in _layer.List(_root))
        {
            if (!TryParse(directory, out var block) || block >= OldBlocks)
                continue;
            foreach (var name in _layer.List(Path.Combine(_root, directory)))
            {
                if (TryParse(name, out var id) && id >> BlockBits == block)
                    yield return id;
            }
        }
    }

    public void Dispose() => _gate.Dispose();

    private static string NameOf(ulong number) => number.ToString("x16", CultureInfo.InvariantCulture);

    private static bool TryParse(string name, out ulong number) =>
        ulong.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) && NameOf(number) == name;

    private static ulong ReadNextBlock(byte[]? record) =>
        record is null ? 1 : BinaryPrimitives.ReadUInt64LittleEndian(DocumentRecord.Decode(NextBlockKey, record));

    private string DirectoryOf(ulong block) => Path.Combine(_root, NameOf(block));

    private string PathOf(ulong id) => Path.Combine(DirectoryOf(id >> BlockBits), NameOf(id));

    private async Task<StoreFailure?> BeginBlockAsync()
    {
        // Durable before the first of its numbers is used, so that none is ever used twice.
        var begun = await _committer.CommitAsync<NewBlock>(transaction =>
        {
            var block = ReadNextBlock(transaction.Get(NextBlockKey));
            var value = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(value, block + 1);
            transaction.Put(NextBlockKey, DocumentRecord.Encode(value, NextBlockKey));
            return new NewBlock(block);
        });
        if (!begun.IsOk)
            return begun.Failure;
        var directory = DirectoryOf(begun.Value.Block);
        _layer.CreateDirectory(directory);
        await _syncs.SyncAsync(_root);
        Volatile.Write(ref _currentBlock, begun.Value.Block);
        _next = begun.Value.Block << BlockBits;
        _end = _next + (1UL << BlockBits);
        return null;
    }

    private sealed record NewBlock(ulong Block);
}
