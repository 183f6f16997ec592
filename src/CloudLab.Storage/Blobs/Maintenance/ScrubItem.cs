using System.Buffers.Binary;
using System.Text;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Maintenance;

/// <summary>A record of the index whose data the scrub verifies.</summary>
internal sealed record ScrubItem(byte[] IndexKey, ulong BucketId, string Key, string? VersionId, DataRef Data, long Length)
{
    /// <summary>Null if it refers to no data of its own: a delete marker, an empty object, or one of parts, which are walked themselves.</summary>
    public static ScrubItem? TryRead(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        try
        {
            return key[0] switch
            {
                (byte)'o' => OfVersion(key, CurrentRecord.Decode(key, record).Version, IndexKeys.KeyOfCurrent(key)),
                (byte)'v' => OfVersion(key, VersionRecord.Decode(key, record), IndexKeys.KeyOfOlder(key)),
                _ => OfPart(key, PartRecord.Decode(key, record)),
            };
        }
        catch (InvalidDataException)
        {
            // A record that does not fit is reported by whoever reads it; its data cannot be found.
            return null;
        }
    }

    /// <summary>Whether a record still refers to the same data.</summary>
    public bool IsSame(ReadOnlySpan<byte> record) => TryRead(IndexKey, record)?.Data.Id == Data.Id;

    private static ScrubItem? OfVersion(ReadOnlySpan<byte> key, VersionRecord version, ReadOnlySpan<byte> name) =>
        version.Data.Kind is DataKind.Inline or DataKind.File
            ? new ScrubItem(
                key.ToArray(), BinaryPrimitives.ReadUInt64BigEndian(key[1..]), Encoding.UTF8.GetString(name), version.VersionId, version.Data, version.Length)
            : null;

    private static ScrubItem? OfPart(ReadOnlySpan<byte> key, PartRecord part) => part.Data.Kind is DataKind.Inline or DataKind.File
        ? new ScrubItem(
            key.ToArray(), 0, $"part {IndexKeys.NumberOfPart(key)} of upload {IndexKeys.UploadOfPart(key):x16}", null, part.Data, part.Length)
        : null;
}
