using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudLab.Server.S3.Auth;

namespace CloudLab.Server.S3.Objects;

/// <summary>
/// Takes the framing off an <c>aws-chunked</c> body, and verifies each chunk's signature and the trailing headers'. The end
/// is told only after everything was right.
/// </summary>
/// <remarks>
/// <code>
/// chunk   = hex-size [";chunk-signature=" 64 hex] CRLF bytes CRLF      any number, the last with size 0 and no bytes
/// trailer = *( name ":" value CRLF ) ["x-amz-trailer-signature:" 64 hex CRLF] CRLF
/// </code>
/// </remarks>
/// <param name="inner">The framed bytes.</param>
/// <param name="signing">How it is framed and signed.</param>
/// <param name="decodedLength">How many bytes there must be without the framing.</param>
/// <param name="trailerNames">The trailing headers that were announced, lower case.</param>
internal sealed class AwsChunkedStream(Stream inner, PayloadSigning signing, long decodedLength, IReadOnlyList<string> trailerNames) : ReadOnlyStream
{
    // A size of 16 digits, the extension's name and a signature take about 100 bytes; trailers a little more.
    private const int MaxLine = 4096;

    private const int MaxTrailers = 16;
    private const string SignatureExtension = "chunk-signature=";
    private const string TrailerSignature = "x-amz-trailer-signature";

    private readonly byte[] _buffer = new byte[32 << 10];
    private readonly IncrementalHash? _hash =
        signing.Signer is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private readonly Dictionary<string, string> _trailers = [];
    private int _start;
    private int _end;
    private long _left;
    private long _total;
    private string _signature = "";
    private bool _inChunk;
    private bool _isDone;

    /// <summary>The trailing headers by their lower-case names. Complete when the stream has told its end.</summary>
    public IReadOnlyDictionary<string, string> Trailers => _trailers;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        while (!_isDone)
        {
            if (_inChunk && _left > 0) return await ReadDataAsync(buffer, cancellationToken);
            if (_inChunk) await EndChunkAsync(cancellationToken);
            if (!_isDone) await BeginChunkAsync(cancellationToken);
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _hash?.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadDataAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.Length > _left) buffer = buffer[..(int)_left];
        int read = Math.Min(buffer.Length, _end - _start);
        if (read > 0)
        {
            _buffer.AsSpan(_start, read).CopyTo(buffer.Span);
            _start += read;
        }
        else
        {
            // Straight into the caller's memory: no copy for the bulk of a chunk.
            read = await inner.ReadAsync(buffer, cancellationToken);
            if (read == 0) throw Incomplete();
        }

        _hash?.AppendData(buffer.Span[..read]);
        _left -= read;
        _total += read;
        return read;
    }

    private async ValueTask BeginChunkAsync(CancellationToken cancellationToken)
    {
        string line = await ReadLineAsync(cancellationToken);
        int semicolon = line.IndexOf(';');
        ReadOnlySpan<char> size = semicolon < 0 ? line : line.AsSpan(0, semicolon);
        if (size.Length is 0 or > 15 || !long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long length))
            throw Malformed("a chunk's size is malformed");
        if (length > decodedLength - _total) throw Incomplete();
        _signature = semicolon >= 0 && line.AsSpan(semicolon + 1).StartsWith(SignatureExtension)
            ? line[(semicolon + 1 + SignatureExtension.Length)..].Trim()
            : "";
        _left = length;
        _inChunk = true;
        if (length == 0) await FinishAsync(cancellationToken);
    }

    private async ValueTask EndChunkAsync(CancellationToken cancellationToken)
    {
        if ((await ReadLineAsync(cancellationToken)).Length > 0) throw Malformed("a chunk has more bytes than its size says");
        VerifyChunk();
        _inChunk = false;
    }

    private void VerifyChunk()
    {
        if (_hash is null) return;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(hash);
        if (!signing.Signer!.VerifyChunk(hash, _signature)) throw BadSignature();
    }

    private async ValueTask FinishAsync(CancellationToken cancellationToken)
    {
        VerifyChunk();
        if (_total != decodedLength) throw Incomplete();
        if (signing.Kind == PayloadKind.SignedChunks)
        {
            // The empty line at the end: some clients leave it out.
            if (await FillAsync(cancellationToken) && (await ReadLineAsync(cancellationToken)).Length > 0) throw Malformed("there is more behind the last chunk");
        }
        else
        {
            await ReadTrailersAsync(cancellationToken);
        }

        if (await FillAsync(cancellationToken)) throw Malformed("there is more behind the last chunk");
        _isDone = true;
    }

    private async ValueTask ReadTrailersAsync(CancellationToken cancellationToken)
    {
        var canonical = new StringBuilder();
        string? signature = null;
        while (await FillAsync(cancellationToken))
        {
            string line = await ReadLineAsync(cancellationToken);
            if (line.Length == 0) break;
            int colon = line.IndexOf(':');
            if (colon <= 0 || _trailers.Count == MaxTrailers) throw MalformedTrailer();
            string name = line[..colon].Trim().ToLowerInvariant();
            string value = line[(colon + 1)..].Trim();
            if (name == TrailerSignature)
            {
                signature = value;
                continue;
            }

            if (!trailerNames.Contains(name) || !_trailers.TryAdd(name, value)) throw MalformedTrailer();
            canonical.Append(name).Append(':').Append(value).Append('\n');
        }

        if (trailerNames.Any(name => !_trailers.ContainsKey(name))) throw MalformedTrailer();
        if (signing.Signer is { } signer && !signer.VerifyTrailer(SHA256.HashData(Encoding.Latin1.GetBytes(canonical.ToString())), signature ?? ""))
            throw BadSignature();
    }

    /// <summary>The next line without its end. A lone line feed ends one too.</summary>
    private async ValueTask<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
                _start += length + 1;
                return Encoding.Latin1.GetString(line.EndsWith("\r"u8) ? line[..^1] : line);
            }

            if (_end - _start >= MaxLine) throw Malformed("a chunk's header is too long");
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
            int read = await inner.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0) throw Incomplete();
            _end += read;
        }
    }

    /// <summary>Whether there are more bytes.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start < _end) return true;
        _start = 0;
        _end = await inner.ReadAsync(_buffer, cancellationToken);
        return _end > 0;
    }

    private static S3BodyException Incomplete() => new(new S3Error(
        S3ErrorCode.IncompleteBody, "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header"));

    private static S3BodyException Malformed(string what) => new(S3Error.InvalidRequest("The aws-chunked body is malformed: " + what));

    private static S3BodyException MalformedTrailer() => new(new S3Error(
        S3ErrorCode.MalformedTrailerError, "The request contained trailing data that was not well-formed or did not conform to our published schema."));

    private static S3BodyException BadSignature() => new(new S3Error(
        S3ErrorCode.SignatureDoesNotMatch,
        "The chunk signature we calculated does not match the signature you provided. Check your key and signing method."));
}
