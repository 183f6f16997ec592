using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>The names of checksums in headers and documents, and the checksum that a request declares.</summary>
internal static class ChecksumHeaders
{
    public static IReadOnlyList<ChecksumAlgorithm> All { get; } = Enum.GetValues<ChecksumAlgorithm>();

    /// <summary>E.g. <c>CRC32C</c>.</summary>
    public static string NameOf(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "CRC32",
        ChecksumAlgorithm.Crc32C => "CRC32C",
        ChecksumAlgorithm.Crc64Nvme => "CRC64NVME",
        ChecksumAlgorithm.Sha1 => "SHA1",
        ChecksumAlgorithm.Sha256 => "SHA256",
    };

    /// <summary>E.g. <c>x-amz-checksum-crc32c</c>.</summary>
    public static string HeaderOf(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "x-amz-checksum-crc32",
        ChecksumAlgorithm.Crc32C => "x-amz-checksum-crc32c",
        ChecksumAlgorithm.Crc64Nvme => "x-amz-checksum-crc64nvme",
        ChecksumAlgorithm.Sha1 => "x-amz-checksum-sha1",
        ChecksumAlgorithm.Sha256 => "x-amz-checksum-sha256",
    };

    public static int LengthOf(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 or ChecksumAlgorithm.Crc32C => 4,
        ChecksumAlgorithm.Crc64Nvme => 8,
        ChecksumAlgorithm.Sha1 => 20,
        ChecksumAlgorithm.Sha256 => 32,
    };

    public static ChecksumAlgorithm? FindByName(string? name)
    {
        foreach (ChecksumAlgorithm algorithm in All)
            if (NameOf(algorithm).Equals(name, StringComparison.OrdinalIgnoreCase))
                return algorithm;
        return null;
    }

    /// <summary>As S3 shows it: Base64, for composite ones with the number of parts.</summary>
    public static string Text(ObjectChecksum checksum, int partCount)
    {
        string value = Convert.ToBase64String(checksum.Value.Span);
        return checksum.IsComposite ? $"{value}-{partCount}" : value;
    }

    /// <summary>The value, or null when it is not Base64 of the algorithm's length. What stands behind a dash is the number of parts.</summary>
    public static ObjectChecksum? TryParse(ChecksumAlgorithm algorithm, string text)
    {
        int dash = text.IndexOf('-');
        Span<byte> value = stackalloc byte[33];
        return Convert.TryFromBase64Chars(dash < 0 ? text : text.AsSpan(0, dash), value, out int length) && length == LengthOf(algorithm)
            ? new ObjectChecksum(algorithm, value[..length].ToArray(), dash >= 0)
            : null;
    }

    /// <summary>The one checksum that headers declare, or null for none.</summary>
    public static S3Result<ObjectChecksum?> ReadDeclared(S3Request request)
    {
        ObjectChecksum? declared = null;
        foreach (ChecksumAlgorithm algorithm in All)
        {
            if (request.Header(HeaderOf(algorithm)) is not { } text) continue;
            if (declared is not null)
                return S3Error.InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
            declared = TryParse(algorithm, text);
            if (declared is null) return S3Error.InvalidRequest($"Value for {HeaderOf(algorithm)} header is invalid.");
        }

        return declared!;
    }

    /// <summary>Tells a client an object's checksums.</summary>
    public static void Write(HttpResponse response, IReadOnlyList<ObjectChecksum> checksums, int partCount)
    {
        foreach (ObjectChecksum checksum in checksums)
        {
            response.Headers[HeaderOf(checksum.Algorithm)] = Text(checksum, partCount);
            response.Headers["x-amz-checksum-type"] = TypeOf(checksum);
        }
    }

    public static string TypeOf(ObjectChecksum checksum) => checksum.IsComposite ? "COMPOSITE" : "FULL_OBJECT";
}
