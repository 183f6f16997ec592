using System.Globalization;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>The body of an upload: its bytes without framing, and what must hold of them.</summary>
/// <remarks>Nothing is read before the store asks, so that <c>100 Continue</c> is sent only when the upload is welcome.</remarks>
internal sealed class S3Body : IAsyncDisposable
{
    /// <summary>As S3: the most for one PUT or one part.</summary>
    public const long MaxLength = 5L << 30;

    private S3Body(Stream content, BodyExpectation expectation)
    {
        Content = content;
        Expectation = expectation;
    }

    public Stream Content { get; }

    public BodyExpectation Expectation { get; }

    /// <summary>Checks the headers that describe a body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="extra">A checksum to compute in any case, or null.</param>
    public static S3Result<S3Body> Open(S3Request request, ChecksumAlgorithm? extra = null)
    {
        PayloadSigning signing = request.Identity.Payload;
        S3Result<long> length = ReadLength(request, signing);
        if (!length.IsOk) return length.Error;
        if (length.Value > MaxLength)
        {
            return new S3Error(S3ErrorCode.EntityTooLarge, "Your proposed upload exceeds the maximum allowed size")
            {
                Details = [("ProposedSize", length.Value.ToString(CultureInfo.InvariantCulture)), ("MaxSizeAllowed", MaxLength.ToString(CultureInfo.InvariantCulture))],
            };
        }

        S3Result<byte[]?> md5 = ReadMd5(request);
        if (!md5.IsOk && md5.Error is { } badMd5) return badMd5;
        S3Result<ObjectChecksum?> declared = ChecksumHeaders.ReadDeclared(request);
        if (!declared.IsOk && declared.Error is { } badChecksum) return badChecksum;
        S3Result<ChecksumAlgorithm?> trailer = ReadTrailer(request, signing, out string[] trailerNames);
        if (!trailer.IsOk && trailer.Error is { } badTrailer) return badTrailer;
        if (declared.Value is not null && trailer.Value is not null)
            return S3Error.InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
        ChecksumAlgorithm? algorithm = declared.Value?.Algorithm ?? trailer.Value;
        if (CheckSdkAlgorithm(request, algorithm) is { } mismatch) return mismatch;

        Stream content = request.Http.Request.Body;
        AwsChunkedStream? chunked = null;
        if (signing.IsChunked)
            content = chunked = new AwsChunkedStream(content, signing, length.Value, trailerNames);
        else if (signing.Sha256 is { } sha256)
            content = new HashedStream(content, sha256);
        ChecksumAlgorithm? wanted = algorithm ?? extra;
        return new S3Body(content, new BodyExpectation
        {
            Length = length.Value,
            MaxLength = MaxLength,
            Md5 = md5.Value is { } bytes ? bytes : default(ReadOnlyMemory<byte>?),
            Checksums = wanted is { } one ? [one] : [],
            Declared = () => Declared(declared.Value, trailer.Value, chunked),
        });
    }

    public ValueTask DisposeAsync() => Content is ReadOnlyStream own ? own.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>What a failed read of a body means; null when the client has gone.</summary>
    public static S3Error? Explain(Exception exception) => exception switch
    {
        S3BodyException body => body.Error,
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => PromptBody.TimedOut,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new S3Error(
            S3ErrorCode.EntityTooLarge, "Your proposed upload exceeds the maximum allowed size"),
        BadHttpRequestException => new S3Error(
            S3ErrorCode.IncompleteBody, "You did not provide the number of bytes specified by the Content-Length HTTP header"),
        _ => null,
    };

    private static IReadOnlyList<ObjectChecksum> Declared(ObjectChecksum? header, ChecksumAlgorithm? trailer, AwsChunkedStream? chunked)
    {
        if (header is not null) return [header];
        if (trailer is not { } algorithm) return [];
        string name = ChecksumHeaders.HeaderOf(algorithm);
        return ChecksumHeaders.TryParse(algorithm, chunked!.Trailers[name]) is { } value
            ? [value]
            : throw new S3BodyException(S3Error.InvalidRequest($"Value for {name} trailing header is invalid."));
    }

    private static S3Result<long> ReadLength(S3Request request, PayloadSigning signing)
    {
        var missing = new S3Error(S3ErrorCode.MissingContentLength, "You must provide the Content-Length HTTP header.");
        if (!signing.IsChunked) return request.Http.Request.ContentLength is { } length ? length : missing;
        string? text = request.Http.Request.Headers["x-amz-decoded-content-length"];
        if (text is null) return missing;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long decoded)
            ? decoded
            : S3Error.InvalidArgument("The x-amz-decoded-content-length header is invalid.", "x-amz-decoded-content-length", text);
    }

    private static S3Result<byte[]?> ReadMd5(S3Request request)
    {
        if (request.Header("content-md5") is not { } text) return default(byte[])!;
        var md5 = new byte[18];
        return Convert.TryFromBase64String(text, md5, out int length) && length == 16
            ? md5[..16]
            : new S3Error(S3ErrorCode.InvalidDigest, "The Content-MD5 you specified was invalid.") { Details = [("Content-MD5", text)] };
    }

    private static S3Result<ChecksumAlgorithm?> ReadTrailer(S3Request request, PayloadSigning signing, out string[] names)
    {
        names = [];
        ChecksumAlgorithm? algorithm = null;
        if (request.Header("x-amz-trailer") is not { } list) return algorithm!;
        if (signing.Kind is not (PayloadKind.SignedChunksWithTrailer or PayloadKind.UnsignedChunksWithTrailer))
            return S3Error.InvalidRequest("x-amz-trailer needs a body with trailing headers.");
        names = list.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (string name in names)
        {
            ChecksumAlgorithm? found = null;
            foreach (ChecksumAlgorithm candidate in ChecksumHeaders.All)
                if (ChecksumHeaders.HeaderOf(candidate) == name)
                    found = candidate;
            if (found is null) return S3Error.InvalidRequest("The value specified in the x-amz-trailer header is not supported");
            if (algorithm is not null)
                return S3Error.InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
            algorithm = found;
        }

        return algorithm!;
    }

    private static S3Error? CheckSdkAlgorithm(S3Request request, ChecksumAlgorithm? declared)
    {
        if (request.Header("x-amz-sdk-checksum-algorithm") is not { } name) return null;
        if (ChecksumHeaders.FindByName(name) is not { } algorithm)
            return S3Error.InvalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
        if (declared is null)
        {
            return S3Error.InvalidRequest(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.");
        }

        return declared == algorithm ? null : S3Error.InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
    }
}
