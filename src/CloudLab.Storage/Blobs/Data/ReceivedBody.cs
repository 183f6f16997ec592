using CloudLab.Storage.Blobs.Metadata;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>A body that was read to its end and checked; what is in a file is durable, but nothing refers to it yet.</summary>
/// <param name="Length">Bytes of content.</param>
/// <param name="ETag">The MD5 in hexadecimal.</param>
/// <param name="Checksums">What was asked for.</param>
/// <param name="Inline">The bytes to be put into the index, encrypted if the key says so; null when they are in a file.</param>
/// <param name="FileId">The file's number; 0 when there is none.</param>
/// <param name="Key">The wrapped key; empty when the bytes are not encrypted.</param>
internal sealed record ReceivedBody(
    long Length, string ETag, IReadOnlyList<ObjectChecksum> Checksums, byte[]? Inline, ulong FileId, byte[] Key)
{
    /// <summary>Enters the bytes into the index, so that <paramref name="referrer"/>, an index key, can refer to them.</summary>
    public DataRef Enter(IndexTransaction transaction, byte[] referrer)
    {
        if (Length == 0)
            return DataRef.None;
        if (Inline is null)
        {
            var fileKey = IndexKeys.File(FileId);
            transaction.Put(fileKey, DocumentRecord.Encode(referrer, fileKey));
            return new DataRef(DataKind.File, FileId, Key);
        }

        var id = transaction.NextId();
        var inlineKey = IndexKeys.Inline(id);
        transaction.Put(inlineKey, DocumentRecord.Encode(Inline, inlineKey));
        return new DataRef(DataKind.Inline, id, Key);
    }
}
