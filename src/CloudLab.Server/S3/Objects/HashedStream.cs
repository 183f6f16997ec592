using System.Security.Cryptography;
using System.Text;

namespace CloudLab.Server.S3.Objects;

/// <summary>A body whose SHA-256 was signed. The end is told only if the hash is right, so nothing is committed that is not.</summary>
internal sealed class HashedStream(Stream inner, string sha256) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _isVerified;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken);
        if (read > 0)
            _hash.AppendData(buffer.Span[..read]);
        else if (buffer.Length > 0)
            Verify();
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _hash.Dispose();
        base.Dispose(disposing);
    }

    private void Verify()
    {
        if (_isVerified) return;
        string actual = Convert.ToHexStringLower(_hash.GetHashAndReset());
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(actual), Encoding.ASCII.GetBytes(sha256)))
        {
            throw new S3BodyException(new S3Error(
                S3ErrorCode.XAmzContentSHA256Mismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.")
            {
                Details = [("ClientComputedContentSHA256", sha256), ("S3ComputedContentSHA256", actual)],
            });
        }

        _isVerified = true;
    }
}
