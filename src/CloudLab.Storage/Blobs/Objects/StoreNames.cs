using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>The engine's own limits of names and attributes; the protocol's are narrower.</summary>
internal static class StoreNames
{
    public const int MaxKeyBytes = 1024;
    public const int MaxPartNumber = 10_000;
    public const int MaxDocumentBytes = 256 << 10;
    private const int MaxBucketBytes = 255;
    private const int MaxOwnerBytes = 255;
    private const int MaxKindLength = 64;
    private const int MaxAttributeBytes = 64 << 10;

    public static bool IsBucket(string name) => TryGetBytes(name, MaxBucketBytes) is not null;

    public static bool IsOwner(string owner) => owner.Length == 0 || TryGetBytes(owner, MaxOwnerBytes) is not null;

    /// <summary>The key's UTF-8, or null if it is empty, too long or not valid Unicode.</summary>
    public static byte[]? TryGetKey(string key) => TryGetBytes(key, MaxKeyBytes);

    /// <summary>The bytes of a prefix, marker or delimiter, which need not be a key: what is not Unicode becomes U+FFFD.</summary>
    public static byte[] Loose(string text) => Encoding.UTF8.GetBytes(text);

    public static bool IsKind(string kind) => kind.Length is > 0 and <= MaxKindLength && Ascii.IsValid(kind);

    public static bool AreFine(ObjectAttributes attributes)
    {
        long bytes = attributes.StorageClass.Length;
        foreach (var pairs in (ReadOnlySpan<IReadOnlyList<KeyValuePair<string, string>>>)[attributes.Headers, attributes.Metadata, attributes.Tags])
        {
            foreach (var (name, value) in pairs)
                bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        }

        foreach (var (kind, document) in attributes.Documents)
        {
            if (!IsKind(kind))
                return false;
            bytes += document.Length;
        }

        return bytes <= MaxAttributeBytes && IsOwner(attributes.OwnerId);
    }

    private static byte[]? TryGetBytes(string name, int max)
    {
        if (name.Length == 0 || name.Length > max)
            return null;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(name.Length)];
        var status = Utf8.FromUtf16(name, bytes, out _, out var written, replaceInvalidSequences: false);
        return status == OperationStatus.Done && written <= max ? bytes[..written] : null;
    }
}
