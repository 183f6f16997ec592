using System.Globalization;
using System.Runtime.CompilerServices;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs;

/// <summary>Objects as files of one directory, each written aside, synced and renamed into place.</summary>
/// <remarks>
/// <code>
/// DIR/lock        held exclusively while the store is open
/// DIR/open        is there while the store is open; found at start, the process before has died
/// DIR/tmp/N       objects that are being received; emptied at start
/// DIR/objects/    one file per object: names as in BlobPaths, bytes as in BlobFormat
/// </code>
/// A put goes through five steps, and only then answers: write the temporary file, sync it, check the condition, rename
/// it into place, sync the directories from there up to <c>objects</c>. Whatever moment the power fails, a name has its
/// old object or its new one, whole. The condition is atomic because this process alone writes the directory (the lock),
/// and because the last three steps hold a lock of the name. Readers take that lock to open the file, so what they see
/// is durable; what they opened stays theirs when it is replaced or deleted.
/// <para>
/// After a directory could not be synced nobody knows what is durable: every later operation fails with
/// <see cref="IOException"/> until the store is opened anew.
/// </para>
/// <para>
/// A listing shows an object whose file is damaged with an empty tag and the length of its file, since it still has the name.
/// </para>
/// </remarks>
public sealed class FileBlobStore : IBlobStore, IDisposable
{
    private readonly IFileLayer _files;
    private readonly TimeProvider _time;
    private readonly DirectoryLock? _lock;
    private readonly string _openMark;
    private readonly string _temporary;
    private readonly string _objects;
    private readonly NameLocks _names = new();
    private long _lastTemporary;
    private volatile bool _isBroken;

    /// <remarks>The caller sees to it that nobody else uses <paramref name="directory"/>.</remarks>
    internal FileBlobStore(string directory, IFileLayer files, TimeProvider time, DirectoryLock? directoryLock)
    {
        _files = files;
        _time = time;
        _lock = directoryLock;
        _openMark = Path.Combine(directory, "open");
        _temporary = Path.Combine(directory, "tmp");
        _objects = Path.Combine(directory, "objects");
        files.CreateDirectory(_temporary);
        files.CreateDirectory(_objects);
        files.TrySyncDirectory(directory);
        foreach (var leftover in files.List(_temporary))
            files.Delete(Path.Combine(_temporary, leftover));

        // A process that died between a rename and its sync has left an object that can be seen but is not yet durable.
        using (var mark = files.OpenRead(_openMark))
        {
            if (mark is not null)
                SyncDown(_objects);
            else
                files.Create(_openMark).Dispose();
        }
    }

    /// <summary>Opens the store in <paramref name="directory"/>, creating it where it is missing.</summary>
    /// <param name="directory">The store's own directory.</param>
    /// <param name="time">Dates the objects.</param>
    /// <exception cref="IOException">Somebody else has the store open, or the directory is not usable.</exception>
    public static FileBlobStore Open(string directory, TimeProvider time)
    {
        directory = Path.GetFullPath(directory);
        var directoryLock = DirectoryLock.TryTake(directory)
            ?? throw new IOException($"The blob store in {directory} is in use by another process.");
        try
        {
            var files = new OsFileLayer();
            // The store's own name must survive as well; what is above it is its creator's affair.
            if (Path.GetDirectoryName(directory) is { } parent)
                files.TrySyncDirectory(parent);
            return new FileBlobStore(directory, files, time, directoryLock);
        }
        catch
        {
            directoryLock.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<BlobResult<BlobInfo>> PutAsync(
        string name, Stream content, BlobCondition condition, CancellationToken cancellationToken)
    {
        ThrowIfBroken();
        if (BlobName.TryGetBytes(name) is not { } nameBytes)
            return BlobError.InvalidName;

        // Syncing blocks for milliseconds: not on the caller's thread.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var temporary = Path.Combine(
            _temporary, Interlocked.Increment(ref _lastTemporary).ToString(CultureInfo.InvariantCulture));
        try
        {
            BlobInfo info;
            using (var file = _files.Create(temporary))
                info = await BlobFileWriter.WriteAsync(file, name, nameBytes, content, _time, cancellationToken);

            using var held = await _names.TakeAsync(name, cancellationToken);
            ThrowIfBroken();
            var path = PathOf(nameBytes);
            if (!Holds(condition, name, nameBytes, path))
                return BlobError.ConditionFailed;
            while (!_files.TryRename(temporary, path))
            {
                // The directory was never there, or a delete has just found it empty: then that made progress, and we try again.
                _files.CreateDirectory(Path.GetDirectoryName(path)!);
            }

            SyncUpFrom(path);
            return info;
        }
        finally
        {
            _files.Delete(temporary);
        }
    }

    /// <inheritdoc/>
    public async Task<BlobResult<BlobInfo>> HeadAsync(string name, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(name, cancellationToken);
        opened.File?.Dispose();
        return opened.Layout is { } layout ? layout.Info : opened.Error;
    }

    /// <inheritdoc/>
    public async Task<BlobResult<BlobContent>> GetAsync(string name, BlobRange? range, CancellationToken cancellationToken)
    {
        if (range is { } asked)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(asked.Offset, nameof(range));
            ArgumentOutOfRangeException.ThrowIfLessThan(asked.Length, 1, nameof(range));
        }

        var (file, layout, error) = await OpenAsync(name, cancellationToken);
        if (file is null || layout is null)
        {
            file?.Dispose();
            return error;
        }

        var start = range?.Offset ?? 0;
        if (range is not null && start >= layout.Info.Length)
        {
            file.Dispose();
            return BlobError.RangeNotSatisfiable;
        }

        var count = Math.Min(range?.Length ?? long.MaxValue, layout.Info.Length - start);
        return new BlobContent(layout.Info, new BlobReadStream(file, layout, start, start + count));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        foreach (var name in new BlobLister(_files, _objects, prefix, startAfter).Names())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (file, layout, error) = await OpenAsync(name, cancellationToken);
            using (file)
            {
                if (layout is not null)
                    yield return layout.Info;
                else if (error == BlobError.Corrupt && file is not null)
                    yield return new BlobInfo(name, file.Length, "", DateTimeOffset.UnixEpoch);
            }
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        ThrowIfBroken();
        if (BlobName.TryGetBytes(name) is not { } nameBytes)
            return;
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var held = await _names.TakeAsync(name, cancellationToken);
        ThrowIfBroken();
        var path = PathOf(nameBytes);
        if (!_files.Delete(path))
            return;
        SyncUpFrom(path);
        for (var directory = Path.GetDirectoryName(path)!;
            directory.Length > _objects.Length && _files.TryRemoveDirectory(directory);
            directory = Path.GetDirectoryName(directory)!)
        {
        }
    }

    /// <summary>Gives the directory free. Open contents can be read on.</summary>
    public void Dispose()
    {
        if (!_isBroken)
            _files.Delete(_openMark);
        _lock?.Dispose();
    }

    private string PathOf(ReadOnlySpan<byte> nameBytes) => Path.Combine(_objects, BlobPaths.OfObject(nameBytes));

    /// <summary>Opens the object's file. Without a layout there is an error, and with Corrupt still the file.</summary>
    private async Task<(IFile? File, BlobLayout? Layout, BlobError Error)> OpenAsync(string name, CancellationToken cancellationToken)
    {
        if (BlobName.TryGetBytes(name) is not { } nameBytes)
            return (null, null, BlobError.InvalidName);
        using var held = await _names.TakeAsync(name, cancellationToken);
        ThrowIfBroken();
        if (_files.OpenRead(PathOf(nameBytes)) is not { } file)
            return (null, null, BlobError.NotFound);
        try
        {
            return (file, BlobFormat.TryReadLayout(file, name, nameBytes), BlobError.Corrupt);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private bool Holds(BlobCondition condition, string name, byte[] nameBytes, string path)
    {
        if (condition == BlobCondition.None)
            return true;
        using var file = _files.OpenRead(path);
        if (condition.MustBeAbsent)
            return file is null;
        return file is not null && BlobFormat.TryReadLayout(file, name, nameBytes)?.Info.Tag == condition.Tag;
    }

    /// <summary>Makes it durable that <paramref name="path"/> is there, or is not.</summary>
    /// <remarks>
    /// All the way up, since another put may have created these directories, or another delete removed them, and not
    /// synced that yet. One that is not there has nothing to sync; that it is gone is in the one above.
    /// </remarks>
    private void SyncUpFrom(string path)
    {
        for (var directory = Path.GetDirectoryName(path)!;
            directory.Length >= _objects.Length;
            directory = Path.GetDirectoryName(directory)!)
        {
            try
            {
                _files.TrySyncDirectory(directory);
            }
            catch
            {
                _isBroken = true;
                throw;
            }
        }
    }

    private void SyncDown(string directory)
    {
        foreach (var entry in _files.List(directory))
        {
            if (BlobPaths.TryParse(entry) is (_, false))
                SyncDown(Path.Combine(directory, entry));
        }

        _files.TrySyncDirectory(directory);
    }

    private void ThrowIfBroken()
    {
        if (_isBroken)
            throw new IOException("A directory of the blob store could not be synced; the store has to be opened anew.");
    }
}
