using System.Security.Cryptography;

namespace CloudLab.Server.Backup;

/// <summary>An entry's bytes on their way into an archive: hashed, and of a length that is known before.</summary>
/// <remarks>The tar writer asks a stream that can seek for its length and position, and moves neither.</remarks>
internal sealed class EntryContent(Stream inner, long length, IncrementalHash hash) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <exception cref="EndOfStreamException">There are fewer bytes than were promised.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int wanted = (int)Math.Min(buffer.Length, length - _position);
        if (wanted == 0) return 0;
        int read = await inner.ReadAsync(buffer[..wanted], cancellationToken);
        if (read == 0) throw new EndOfStreamException("the content ended early");
        hash.AppendData(buffer.Span[..read]);
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("the archive is written asynchronously");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
