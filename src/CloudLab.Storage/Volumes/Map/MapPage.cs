using System.Buffers.Binary;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Map;

/// <summary>A page of the map: 512 entries. Not for several threads.</summary>
internal sealed class MapPage(SlotKey key)
{
    private readonly MapEntry[] _entries = new MapEntry[VolumeGeometry.PageEntries];

    public SlotKey Key => key;

    /// <summary>Whether it differs from what is stored.</summary>
    public bool IsDirty { get; set; }

    public MapEntry this[int entry]
    {
        get => _entries[entry];
        set => _entries[entry] = value;
    }

    public bool IsEmpty => !_entries.AsSpan().ContainsAnyExcept(MapEntry.None);

    /// <summary>Reads a stored page.</summary>
    /// <param name="key">Which.</param>
    /// <param name="bytes">Its 4096 bytes: entries, little-endian.</param>
    /// <param name="generation">Whose it is: its entries are counted from that ancestor.</param>
    public static MapPage Read(SlotKey key, ReadOnlySpan<byte> bytes, int generation)
    {
        var page = new MapPage(key);
        for (var i = 0; i < page._entries.Length; i++)
            page._entries[i] = new MapEntry(BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..])).Aged(generation);
        return page;
    }

    public void Write(Span<byte> bytes)
    {
        for (var i = 0; i < _entries.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(i * sizeof(ulong))..], _entries[i].Bits);
    }
}
