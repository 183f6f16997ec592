using System.Buffers;
using System.Buffers.Binary;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Writes one object's file, front to back. One caller at a time; the disk takes it in beside that.</summary>
internal sealed class ObjectFileWriter : IDisposable
{
    // The disk is kept busy during the writing, so that little is left for the sync. Syncs in between would do so as well, but
    // each ends a journal's transaction and empties the disk's cache, for which writers wait.
    private const long WritebackEvery = 4 << 20;

    private readonly NewFile _new;
    private readonly ChunkCipher? _cipher;
    private readonly byte[]? _encrypted;
    private uint[] _table = new uint[16];
    private long _chunks;
    private long _length;
    private long _at;
    private long _begun;
    private Task _writeback = Task.CompletedTask;

    public ObjectFileWriter(NewFile file, ChunkCipher? cipher, int maxAppendBytes)
    {
        _new = file;
        _cipher = cipher;
        if (cipher is not null)
        {
            var chunks = (int)ObjectFileFormat.ChunkCount(maxAppendBytes);
            _encrypted = ArrayPool<byte>.Shared.Rent(maxAppendBytes + (chunks * ChunkCipher.TagBytes));
        }

        Write(ObjectFileFormat.Header(file.Id, cipher is not null));
    }

    private IFile File => _new.File;

    /// <summary>Writes the next bytes: whole chunks, unless they are the last.</summary>
    /// <exception cref="DiskException">The disk refused.</exception>
    public void Append(ReadOnlySpan<byte> plain)
    {
        _length += plain.Length;
        var stored = _encrypted.AsSpan();
        var count = 0;
        for (var rest = plain; !rest.IsEmpty; _chunks++)
        {
            var chunk = rest[..Math.Min(rest.Length, ObjectFileFormat.ChunkBytes)];
            rest = rest[chunk.Length..];
            if (_cipher is null)
            {
                Note(ObjectFileFormat.ChunkChecksum(_new.Id, _chunks, chunk));
                continue;
            }

            var target = stored.Slice(count, chunk.Length + ChunkCipher.TagBytes);
            _cipher.Encrypt(_chunks, chunk, target);
            Note(ObjectFileFormat.ChunkChecksum(_new.Id, _chunks, target));
            count += target.Length;
        }

        var bytes = _cipher is null ? plain : stored[..count];
        Write(bytes);
        if (_at - _begun >= WritebackEvery && _writeback.IsCompleted)
        {
            var (begun, length) = (_begun, _at - _begun);
            _begun = _at;
            _writeback = Task.Run(() => File.BeginWriteback(begun, length));
        }
    }

    /// <summary>Ends the file and makes its content and its name durable.</summary>
    /// <exception cref="SyncFailedException">It is not known what is durable.</exception>
    public async Task FinishAsync()
    {
        var end = new byte[(_chunks * ObjectFileFormat.ChecksumBytes) + ObjectFileFormat.FooterBytes];
        for (var i = 0; i < _chunks; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(i * ObjectFileFormat.ChecksumBytes), _table[i]);
        ObjectFileFormat.Footer(_new.Id, _length).CopyTo(end, (int)_chunks * ObjectFileFormat.ChecksumBytes);
        Write(end);
        await Task.Run(Sync);
        await _new.Named;
    }

    /// <summary>Waits for what is under way, whatever becomes of it, so that the file can be closed.</summary>
    public async Task QuiesceAsync()
    {
        await _writeback.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _new.Named.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        if (_encrypted is not null)
            ArrayPool<byte>.Shared.Return(_encrypted);
        _cipher?.Dispose();
        File.Dispose();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            File.Write(_at, bytes);
        }
        catch (IOException e)
        {
            throw new DiskException(e);
        }

        _at += bytes.Length;
    }

    private void Note(uint checksum)
    {
        if (_chunks == _table.Length)
            Array.Resize(ref _table, 2 * _table.Length);
        _table[_chunks] = checksum;
    }

    private void Sync()
    {
        try
        {
            File.Sync();
        }
        catch (IOException e)
        {
            throw new SyncFailedException(_new.Path, e);
        }
    }
}
