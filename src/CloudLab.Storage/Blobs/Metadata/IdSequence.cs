using System.Buffers.Binary;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Ascending numbers that are never given out twice, whatever happens: used on the committer's thread only.</summary>
/// <remarks>Kept in the index is a number that none given out has reached. After a crash the sequence goes on from there.</remarks>
internal sealed class IdSequence
{
    private const ulong Reserve = 1 << 20;

    // More than one batch can use up.
    private const ulong LowWater = 1 << 16;

    private static readonly byte[] Key = IndexKeys.Store("next-id");

    private ulong _next;
    private ulong _reserved;

    public IdSequence(IObjectIndex index)
    {
        _reserved = index.Get(Key) is { } record ? BinaryPrimitives.ReadUInt64LittleEndian(DocumentRecord.Decode(Key, record)) : 1;
        _next = _reserved;
    }

    public ulong Next() => _next++;

    /// <summary>Before a batch: has it reserve more where little is left.</summary>
    public void Refill(IndexBatch batch)
    {
        if (_reserved - _next > LowWater)
            return;
        var reserved = _next + Reserve;
        var value = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(value, reserved);
        batch.Set(Key, DocumentRecord.Encode(value, Key));
        _reserved = reserved;
    }
}
