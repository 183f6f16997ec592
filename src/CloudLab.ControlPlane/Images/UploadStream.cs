using System.Security.Cryptography;

namespace CloudLab.ControlPlane.Images;

/// <summary>
/// Reads an upload and holds it against what its client promised. The end of the stream is given out only when all of it
/// holds: otherwise <see cref="UploadRefusedException"/> ends the blob store's put, which then leaves nothing.
/// </summary>
/// <remarks>Forward only; does not own the inner stream.</remarks>
internal sealed class UploadStream : Stream
{
    private readonly Stream _inner;
    private readonly UploadChecks _checks;
    private readonly long _maxBytes;
    private readonly IncrementalHash? _md5;
    private readonly IncrementalHash? _sha256;
    private long _bytes;

    public UploadStream(Stream inner, UploadChecks checks, long maxBytes)
    {
        _inner = inner;
        _checks = checks;
        _maxBytes = maxBytes;
        _md5 = checks.Md5 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        _sha256 = checks.Sha256 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read == 0 && !buffer.IsEmpty)
        {
            CheckEnd();
            return 0;
        }

        _bytes += read;
        if (_bytes > _maxBytes) throw new UploadRefusedException(UploadFault.TooLong);
        _md5?.AppendData(buffer.Span[..read]);
        _sha256?.AppendData(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _md5?.Dispose();
            _sha256?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void CheckEnd()
    {
        if (_bytes == 0) throw new UploadRefusedException(UploadFault.Empty);
        if (_checks.Length is { } length && length != _bytes) throw new UploadRefusedException(UploadFault.CutOff);
        if (Differs(_md5, _checks.Md5) || Differs(_sha256, _checks.Sha256)) throw new UploadRefusedException(UploadFault.WrongChecksum);
    }

    // Without resetting: the end can be asked for twice.
    private static bool Differs(IncrementalHash? hash, byte[]? expected) => hash is not null && !hash.GetCurrentHash().AsSpan().SequenceEqual(expected);
}
