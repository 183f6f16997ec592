using System.Buffers;
using System.Buffers.Binary;
using CloudLab.Storage.Blobs.Metadata;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Reads the content of an object's file; a byte is handed out only after its chunk's checksum held.</summary>
internal sealed class ObjectFileReader : IContentSource
{
    private const int TableEntries = 256;

    private readonly IFile _file;
    private readonly ChunkCipher? _cipher;
    private readonly byte[] _table = new byte[TableEntries * ObjectFileFormat.ChecksumBytes];
    private long _tableFirst = -1;
    private byte[]? _chunk;
    private byte[]? _stored;
    private long _chunkIndex = -1;

    /// <param name="file">Owned by the reader, verified to have this length.</param>
    public ObjectFileReader(IFile file, DataRef data, ChunkCipher? cipher, long length)
    {
        _file = file;
        Data = data;
        _cipher = cipher;
        Length = length;
    }

    public long Length { get; }

    public DataRef Data { get; }

    private int StoredChunkBytes => ObjectFileFormat.ChunkBytes + (_cipher is null ? 0 : ChunkCipher.TagBytes);

    public int Read(long offset, Span<byte> buffer)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, Length - offset)];
        if (buffer.IsEmpty)
            return 0;
        var index = offset / ObjectFileFormat.ChunkBytes;
        var within = (int)(offset % ObjectFileFormat.ChunkBytes);
        if (within == 0 && buffer.Length >= ChunkLength(index))
            return ReadWhole(index, buffer);
        if (index != _chunkIndex)
        {
            _chunk ??= ArrayPool<byte>.Shared.Rent(ObjectFileFormat.ChunkBytes);
            _chunkIndex = -1;
            ReadWhole(index, _chunk.AsSpan(0, ChunkLength(index)));
            _chunkIndex = index;
        }

        var count = Math.Min(buffer.Length, ChunkLength(index) - within);
        _chunk.AsSpan(within, count).CopyTo(buffer);
        return count;
    }

    public void Dispose()
    {
        if (_chunk is not null)
            ArrayPool<byte>.Shared.Return(_chunk);
        if (_stored is not null)
            ArrayPool<byte>.Shared.Return(_stored);
        _chunk = _stored = null;
        _cipher?.Dispose();
        _file.Dispose();
    }

    private int ChunkLength(long index) => (int)Math.Min(ObjectFileFormat.ChunkBytes, Length - (index * ObjectFileFormat.ChunkBytes));

    /// <summary>Reads as many whole chunks as fit, from one on.</summary>
    private int ReadWhole(long index, Span<byte> buffer)
    {
        var count = buffer.Length / ObjectFileFormat.ChunkBytes * ObjectFileFormat.ChunkBytes;
        if ((index * ObjectFileFormat.ChunkBytes) + buffer.Length >= Length)
            count = (int)(Length - (index * ObjectFileFormat.ChunkBytes));
        buffer = buffer[..count];
        if (_cipher is null)
            ReadStored(index, buffer);
        for (var rest = buffer; !rest.IsEmpty; index++)
        {
            var chunk = rest[..ChunkLength(index)];
            rest = rest[chunk.Length..];
            if (_cipher is null)
                Verify(index, chunk);
            else
                Decrypt(index, chunk);
        }

        return count;
    }

    private void Decrypt(long index, Span<byte> plain)
    {
        _stored ??= ArrayPool<byte>.Shared.Rent(ObjectFileFormat.ChunkBytes + ChunkCipher.TagBytes);
        var stored = _stored.AsSpan(0, plain.Length + ChunkCipher.TagBytes);
        ReadStored(index, stored);
        Verify(index, stored);
        if (!_cipher!.TryDecrypt(index, stored, plain))
            throw Damaged(index, "cannot be decrypted");
    }

    private void ReadStored(long index, Span<byte> stored)
    {
        if (_file.Read(ObjectFileFormat.ContentAt + (index * StoredChunkBytes), stored) != stored.Length)
            throw Damaged(index, "are not there");
    }

    private void Verify(long index, ReadOnlySpan<byte> stored)
    {
        if (index < _tableFirst || index >= _tableFirst + TableEntries || _tableFirst < 0)
            LoadTable(index);
        var expected = BinaryPrimitives.ReadUInt32LittleEndian(_table.AsSpan((int)(index - _tableFirst) * ObjectFileFormat.ChecksumBytes));
        if (ObjectFileFormat.ChunkChecksum(Data.Id, index, stored) != expected)
            throw Damaged(index, "do not match their checksum");
    }

    private void LoadTable(long index)
    {
        _tableFirst = -1;
        var chunks = ObjectFileFormat.ChunkCount(Length);
        var first = index / TableEntries * TableEntries;
        var tableAt = ObjectFileFormat.ContentAt + Length + (_cipher is null ? 0 : chunks * ChunkCipher.TagBytes);
        var count = (int)Math.Min(TableEntries, chunks - first) * ObjectFileFormat.ChecksumBytes;
        if (_file.Read(tableAt + (first * ObjectFileFormat.ChecksumBytes), _table.AsSpan(0, count)) != count)
            throw Damaged(index, "have no checksum");
        _tableFirst = first;
    }

    private InvalidDataException Damaged(long index, string what) =>
        new($"File {Data.Id:x16}: the 64 KiB at offset {index * ObjectFileFormat.ChunkBytes} {what}.");
}
