using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs;

/// <summary>Writes one object's file: header, chunks as the content arrives, trailer.</summary>
internal static class BlobFileWriter
{
    /// <summary>Copies <paramref name="content"/> to its end and makes the file durable.</summary>
    public static async Task<BlobInfo> WriteAsync(
        IFile file, string name, byte[] nameBytes, Stream content, TimeProvider time, CancellationToken cancellationToken)
    {
        var fileId = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var header = BlobFormat.Header(nameBytes, fileId);
        file.Write(0, header);
        long at = header.Length;
        long length = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BlobFormat.ChunkBytes + BlobFormat.ChecksumBytes);
        try
        {
            int count;
            do
            {
                count = await content.ReadAtLeastAsync(
                    buffer.AsMemory(0, BlobFormat.ChunkBytes), BlobFormat.ChunkBytes, throwOnEndOfStream: false, cancellationToken);
                if (count == 0)
                    break;
                var checksum = BlobFormat.ChunkChecksum(fileId, length / BlobFormat.ChunkBytes, buffer.AsSpan(0, count));
                BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(count), checksum);
                file.Write(at, buffer.AsSpan(0, count + BlobFormat.ChecksumBytes));
                hash.AppendData(buffer, 0, count);
                at += count + BlobFormat.ChecksumBytes;
                length += count;
            }
            while (count == BlobFormat.ChunkBytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var sha256 = hash.GetHashAndReset();
        var now = time.GetUtcNow().ToUniversalTime();
        file.Write(at, BlobFormat.Trailer(fileId, length, now, sha256));
        file.Sync();
        return new BlobInfo(name, length, BlobFormat.Tag(sha256), now);
    }
}
