using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace CloudLab.Machine.Boot.DeviceTree;

/// <summary>
/// Writes a device tree in the flattened format, version 17 (Devicetree Specification 0.4, chapter 5): nodes and
/// properties are given in order, then <see cref="ToArray"/> makes the blob.
/// </summary>
/// <remarks>
/// <code>
/// header           40 bytes, big-endian words
/// memory map       pairs {address u64, size u64}, ended by a pair of zeroes; none here
/// structure block  tokens, each aligned to 4 bytes
/// strings block    property names, each once, ended by a zero
/// </code>
/// </remarks>
internal sealed class FlattenedDeviceTree
{
    private const uint Magic = 0xd00d_feed;
    private const uint Version = 17;
    private const uint LastCompatibleVersion = 16;
    private const int HeaderSize = 40;
    private const int MemoryMapSize = 16;

    private const uint BeginNodeToken = 1;
    private const uint EndNodeToken = 2;
    private const uint PropertyToken = 3;
    private const uint EndToken = 9;

    private readonly ArrayBufferWriter<byte> _structure = new();
    private readonly ArrayBufferWriter<byte> _strings = new();
    private readonly Dictionary<string, uint> _names = [];
    private int _depth;

    /// <summary>Begins a node in the open one; the root's name is empty.</summary>
    public void BeginNode(string name)
    {
        _depth++;
        Word(BeginNodeToken);
        _structure.Write(Encoding.ASCII.GetBytes(name));
        _structure.Write<byte>([0]);
        Align();
    }

    public void EndNode()
    {
        _depth--;
        Word(EndNodeToken);
    }

    /// <summary>A property of raw bytes; empty for one that is true by being there.</summary>
    public void Property(string name, ReadOnlySpan<byte> value)
    {
        if (!_names.TryGetValue(name, out uint offset))
        {
            offset = (uint)_strings.WrittenCount;
            _names.Add(name, offset);
            _strings.Write(Encoding.ASCII.GetBytes(name));
            _strings.Write<byte>([0]);
        }

        Word(PropertyToken);
        Word((uint)value.Length);
        Word(offset);
        _structure.Write(value);
        Align();
    }

    /// <summary>A property of one or more strings.</summary>
    public void Strings(string name, params ReadOnlySpan<string> values)
    {
        var text = new StringBuilder();
        foreach (string value in values) text.Append(value).Append('\0');
        Property(name, Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>A property of one or more 32-bit cells.</summary>
    public void Cells(string name, params ReadOnlySpan<uint> cells)
    {
        byte[] value = new byte[cells.Length * sizeof(uint)];
        for (int i = 0; i < cells.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(i * sizeof(uint)), cells[i]);
        Property(name, value);
    }

    /// <summary>A property of one 64-bit value, which is two cells.</summary>
    public void Wide(string name, ulong value) => Cells(name, (uint)(value >> 32), (uint)value);

    /// <summary>A <c>reg</c> or the like of one address and one size, two cells each.</summary>
    public void Range(string name, ulong address, ulong size) =>
        Cells(name, (uint)(address >> 32), (uint)address, (uint)(size >> 32), (uint)size);

    /// <summary>The blob. All nodes have been ended.</summary>
    public byte[] ToArray()
    {
        if (_depth != 0) throw new InvalidOperationException("a node is still open");
        Word(EndToken);
        uint structureOffset = HeaderSize + MemoryMapSize;
        uint stringsOffset = structureOffset + (uint)_structure.WrittenCount;
        byte[] blob = new byte[stringsOffset + _strings.WrittenCount];
        ReadOnlySpan<uint> header =
        [
            Magic, (uint)blob.Length, structureOffset, stringsOffset, HeaderSize, Version, LastCompatibleVersion,
            0 /* boot_cpuid_phys */, (uint)_strings.WrittenCount, (uint)_structure.WrittenCount,
        ];
        for (int i = 0; i < header.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(i * sizeof(uint)), header[i]);
        _structure.WrittenSpan.CopyTo(blob.AsSpan((int)structureOffset));
        _strings.WrittenSpan.CopyTo(blob.AsSpan((int)stringsOffset));
        return blob;
    }

    private void Word(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        _structure.Write(bytes);
    }

    private void Align()
    {
        while (_structure.WrittenCount % sizeof(uint) != 0) _structure.Write<byte>([0]);
    }
}
