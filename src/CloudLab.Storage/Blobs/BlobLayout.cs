namespace CloudLab.Storage.Blobs;

/// <summary>A verified object file: what is needed to find and check its chunks.</summary>
/// <param name="FileId">Enters every chunk's checksum.</param>
/// <param name="ContentAt">The offset in the file of the first chunk.</param>
/// <param name="Info">What callers may know.</param>
internal sealed record BlobLayout(ulong FileId, int ContentAt, BlobInfo Info)
{
    public long ChunkAt(long index) => ContentAt + (index * (BlobFormat.ChunkBytes + BlobFormat.ChecksumBytes));

    /// <summary>How many bytes of content the chunk has.</summary>
    public int ChunkLength(long index) => (int)Math.Min(BlobFormat.ChunkBytes, Info.Length - (index * BlobFormat.ChunkBytes));
}
