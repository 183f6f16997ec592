using System.Buffers;
using System.Buffers.Binary;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs;

/// <summary>Reads a range of an open object, a verified chunk at a time; a byte is handed out only after its chunk's checksum held.</summary>
internal sealed class BlobReadStream : Stream
{
    private readonly IFile _file;
    private readonly BlobLayout _layout;
    private readonly long _end;
    private long _position;
    private byte[]? _buffer;
    private long _bufferedChunk = -1;

    /// <param name="file">Owned by the stream.</param>
    /// <param name="layout">The file's layout.</param>
    /// <param name="start">The first byte of content to read.</param>
    /// <param name="end">After the last byte to read, not past the content's end.</param>
    public BlobReadStream(IFile file, BlobLayout layout, long start, long end)
    {
        _file = file;
        _layout = layout;
        _position = start;
        _end = end;
        _buffer = ArrayPool<byte>.Shared.Rent(BlobFormat.ChunkBytes + BlobFormat.ChecksumBytes);
    }

    public override bool CanRead => _buffer is not null;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        if (_position >= _end || buffer.IsEmpty)
            return 0;
        var chunk = _position / BlobFormat.ChunkBytes;
        if (chunk != _bufferedChunk)
            LoadChunk(chunk, _buffer);
        var within = (int)(_position % BlobFormat.ChunkBytes);
        var count = (int)Math.Min(buffer.Length, Math.Min(_layout.ChunkLength(chunk) - within, _end - _position));
        _buffer.AsSpan(within, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    // A chunk is read from a local file, most often from the page cache: done at once rather than handed to another thread.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        try
        {
            return new ValueTask<int>(Read(buffer.Span));
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return ValueTask.FromException<int>(e);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void LoadChunk(long index, byte[] buffer)
    {
        _bufferedChunk = -1;
        var length = _layout.ChunkLength(index);
        var stored = buffer.AsSpan(0, length + BlobFormat.ChecksumBytes);
        if (_file.Read(_layout.ChunkAt(index), stored) != stored.Length
            || BinaryPrimitives.ReadUInt32LittleEndian(stored[length..])
                != BlobFormat.ChunkChecksum(_layout.FileId, index, stored[..length]))
        {
            throw new InvalidDataException(
                $"Object '{_layout.Info.Name}': the 64 KiB at offset {index * BlobFormat.ChunkBytes} do not match their checksum.");
        }

        _bufferedChunk = index;
    }
}
