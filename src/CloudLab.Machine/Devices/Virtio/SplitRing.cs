using System.Buffers.Binary;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio;

/// <summary>One descriptor, copied out of guest memory once so that the guest cannot change it under the device.</summary>
internal readonly record struct Descriptor(ulong Address, uint Length, ushort Flags, ushort Next)
{
    public const int Size = 16;

    /// <summary>VIRTQ_DESC_F_NEXT: the chain goes on at <see cref="Next"/>.</summary>
    public bool HasNext => (Flags & 1) != 0;

    /// <summary>VIRTQ_DESC_F_WRITE: for the device to write, else to read.</summary>
    public bool IsWritable => (Flags & 2) != 0;

    /// <summary>VIRTQ_DESC_F_INDIRECT: a table of descriptors.</summary>
    public bool IsIndirect => (Flags & 4) != 0;

    public static Descriptor Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]));
}

/// <summary>
/// A split virtqueue's three areas in guest memory (virtio 1.3, section 2.7), checked once when the driver enables the
/// queue and then accessed in place, with the ordering the specification asks for.
/// </summary>
/// <remarks>
/// <code>
/// descriptor area  16 × n        {addr u64, len u32, flags u16, next u16}
/// driver area      6 + 2 × n     {flags u16, idx u16, ring u16[n], used_event u16}
/// device area      6 + 8 × n     {flags u16, idx u16, ring {id u32, len u32}[n], avail_event u16}
/// </code>
/// </remarks>
internal sealed unsafe class SplitRing
{
    private readonly GuestMemory _memory;
    private readonly int _size;
    private readonly byte* _descriptors;
    private readonly byte* _driver;
    private readonly byte* _device;
    private readonly GuestAddress _deviceAddress;

    private SplitRing(GuestMemory memory, in VirtQueueState state)
    {
        _memory = memory;
        _size = (int)state.Size;
        // SAFETY: TryMap checked the areas against RAM, whose mapping does not move and outlives the machine's devices.
        _descriptors = memory.Host + (state.DescriptorArea - memory.Start.Value);
        _driver = memory.Host + (state.DriverArea - memory.Start.Value);
        _device = memory.Host + (state.DeviceArea - memory.Start.Value);
        _deviceAddress = new GuestAddress(state.DeviceArea);
    }

    /// <summary>Null when a size is no power of two, an address misaligned, or an area not all RAM.</summary>
    public static SplitRing? TryMap(GuestMemory memory, in VirtQueueState state, int maxSize)
    {
        ulong size = state.Size;
        if (size == 0 || size > (ulong)maxSize || !ulong.IsPow2(size)) return null;
        if (state.DescriptorArea % 16 != 0 || state.DriverArea % 2 != 0 || state.DeviceArea % 4 != 0) return null;
        bool inside = memory.Contains(new GuestAddress(state.DescriptorArea), size * Descriptor.Size)
            && memory.Contains(new GuestAddress(state.DriverArea), 6 + size * 2)
            && memory.Contains(new GuestAddress(state.DeviceArea), 6 + size * 8);
        return inside ? new SplitRing(memory, state) : null;
    }

    /// <summary>Makes sure that the host has memory for the device area. Before anything else of a request, whose end is written there.</summary>
    public bool TryCharge() => _memory.TryCharge(_deviceAddress, 6 + (ulong)_size * 8);

    /// <summary>The driver's VIRTQ_AVAIL_F_NO_INTERRUPT.</summary>
    public bool DriverWantsNoInterrupt => (Load(_driver) & 1) != 0;

    /// <summary>The available ring's <c>idx</c>; entries before it are visible to the caller.</summary>
    public ushort AvailableIndex => Load(_driver + 2);

    /// <summary>The driver's <c>used_event</c>.</summary>
    public ushort UsedEvent => Load(_driver + 4 + _size * 2);

    /// <summary>Entry <paramref name="index"/>, modulo the ring's size, of the available ring.</summary>
    public ushort Available(ushort index) => Load(_driver + 4 + (index & (_size - 1)) * 2);

    /// <summary>A copy of descriptor <paramref name="index"/>, which is less than the ring's size.</summary>
    public Descriptor ReadDescriptor(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_size);
        // SAFETY: the index is inside the area that TryMap checked.
        return Descriptor.Parse(new ReadOnlySpan<byte>(_descriptors + index * Descriptor.Size, Descriptor.Size));
    }

    /// <summary>Fills an entry of the used ring; the driver sees it after <see cref="PublishUsed"/>.</summary>
    public void WriteUsed(ushort index, ushort head, uint length)
    {
        int offset = 4 + (index & (_size - 1)) * 8;
        // SAFETY: the masked index is inside the area that TryMap checked.
        var entry = new Span<byte>(_device + offset, 8);
        BinaryPrimitives.WriteUInt32LittleEndian(entry, head);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], length);
        _memory.MarkWritten(_deviceAddress.Add((ulong)offset), 8);
    }

    /// <summary>Sets the used ring's <c>idx</c>, after all that was written before.</summary>
    public void PublishUsed(ushort index) => Store(2, index);

    /// <summary>Sets <c>avail_event</c>.</summary>
    public void WriteAvailEvent(ushort index) => Store(4 + _size * 8, index);

    // SAFETY: pointers are at the ring's own offsets inside checked areas and even, because the areas are.
    private static ushort Load(byte* pointer) => Volatile.Read(ref *(ushort*)pointer);

    private void Store(int offset, ushort value)
    {
        // SAFETY: as for Load.
        Volatile.Write(ref *(ushort*)(_device + offset), value);
        _memory.MarkWritten(_deviceAddress.Add((ulong)offset), sizeof(ushort));
    }
}
