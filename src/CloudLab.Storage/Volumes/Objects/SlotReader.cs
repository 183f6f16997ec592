using System.Buffers;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Map;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>Reads and verifies slots wherever a map points to: in the volume's own objects or in its ancestors'.</summary>
/// <param name="lineage">The volume's objects and, by generation, its ancestors'.</param>
/// <param name="cache">Blocks that were read before.</param>
internal sealed class SlotReader(IReadOnlyList<VolumeObjects> lineage, SlotCache cache) : ISlotSource
{
    /// <summary>The volume's own objects.</summary>
    public VolumeObjects Own => lineage[0];

    /// <inheritdoc/>
    public async Task ReadAsync(SlotKey key, MapEntry at, Memory<byte> content, CancellationToken cancellationToken)
    {
        if (await ReadRunAsync(key, at, 1, content, 1, cancellationToken) == 0)
            throw new InvalidDataException($"{At(at)} is missing.");
    }

    /// <summary>Whether the cache has a block.</summary>
    public bool TryReadCached(MapEntry at, Span<byte> content) => cache.TryRead(OwnerOf(at), at, content);

    /// <summary>Reads slots of blocks in a row that lie in a row.</summary>
    /// <param name="first">The key of the first.</param>
    /// <param name="at">Its place; the others follow it.</param>
    /// <param name="count">How many are wanted.</param>
    /// <param name="content">Room for their bytes.</param>
    /// <param name="ahead">How many to fetch, <paramref name="count"/> or more: what was not asked for goes into the cache if it fits on.</param>
    /// <returns>How many of those wanted were read; 0 if the first is nowhere, perhaps because the map points elsewhere now.</returns>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">A slot is damaged.</exception>
    public async Task<int> ReadRunAsync(
        SlotKey first, MapEntry at, int count, Memory<byte> content, int ahead, CancellationToken cancellationToken)
    {
        var owner = OwnerOf(at);
        var buffer = ArrayPool<byte>.Shared.Rent(ahead * VolumeGeometry.SlotBytes);
        try
        {
            var got = await owner.ReadAsync(at, ahead, buffer.AsMemory(0, ahead * VolumeGeometry.SlotBytes), cancellationToken);
            for (var i = 0; i < got; i++)
            {
                var slot = buffer.AsSpan(i * VolumeGeometry.SlotBytes, VolumeGeometry.SlotBytes);
                var key = new SlotKey(first.Level, first.Index + (ulong)i);
                var isWhole = SlotTrailer.Verifies(slot, key, at.Sequence);
                if (i >= count && !isWhole)
                    break; // Another block follows here; it was not asked for.
                if (!isWhole)
                    throw new InvalidDataException($"{At(at)} is damaged.");
                if (i < count)
                    slot[..VolumeGeometry.BlockBytes].CopyTo(content.Span[(i * VolumeGeometry.BlockBytes)..]);
                if (first.Level == 0)
                    cache.Add(owner, new(at.Generation, at.Sequence, at.Slot + i), slot[..VolumeGeometry.BlockBytes]);
            }

            return Math.Min(got, count);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private VolumeObjects OwnerOf(MapEntry at) => at.Generation < lineage.Count
        ? lineage[at.Generation] : throw new InvalidDataException($"The map names an ancestor of generation {at.Generation}; there is none.");

    private string At(MapEntry at) => $"Slot {at.Slot} of {VolumeNames.Object(OwnerOf(at).Volume, at.Sequence)}";
}
