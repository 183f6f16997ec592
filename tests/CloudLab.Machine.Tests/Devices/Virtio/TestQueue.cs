using System.Buffers.Binary;
using CloudLab.Machine.Devices.Virtio;

namespace CloudLab.Machine.Tests.Devices.Virtio;

/// <summary>A piece of a request.</summary>
internal readonly record struct Piece(ulong Address, int Length, bool Writable = false);

/// <summary>The driver's end of a split virtqueue.</summary>
internal sealed class TestQueue(TestDriver driver, int index, int size, ulong area)
{
    public const ushort Next = 1;
    public const ushort WritableFlag = 2;
    public const ushort Indirect = 4;

    private ushort _nextDescriptor;
    private ushort _usedSeen;

    public int Size => size;

    public ulong Descriptors => area;

    public ulong Driver => area + 0x4000;

    public ulong Device => area + 0x8000;

    public ushort AvailableIndex { get; private set; }

    public ushort UsedIndex => driver.Read16(Device + 2);

    public ushort AvailEvent => driver.Read16(Device + 4 + (ulong)size * 8);

    public bool HasUsed => UsedIndex != _usedSeen;

    /// <summary>Offers a chain; its head is returned. Descriptors are taken round-robin.</summary>
    public ushort Add(params ReadOnlySpan<Piece> pieces)
    {
        ushort head = (ushort)(_nextDescriptor % size);
        for (int i = 0; i < pieces.Length; i++)
        {
            bool last = i == pieces.Length - 1;
            ushort at = (ushort)(_nextDescriptor++ % size);
            WriteDescriptor(Descriptors, at, pieces[i].Address, (uint)pieces[i].Length,
                (ushort)((last ? 0 : Next) | (pieces[i].Writable ? WritableFlag : 0)), (ushort)(_nextDescriptor % size));
        }

        Offer(head);
        return head;
    }

    /// <summary>Offers a chain kept in a table of its own at <paramref name="table"/>.</summary>
    public ushort AddIndirect(ulong table, params ReadOnlySpan<Piece> pieces)
    {
        for (int i = 0; i < pieces.Length; i++)
        {
            bool last = i == pieces.Length - 1;
            WriteDescriptor(table, (ushort)i, pieces[i].Address, (uint)pieces[i].Length,
                (ushort)((last ? 0 : Next) | (pieces[i].Writable ? WritableFlag : 0)), (ushort)(i + 1));
        }

        ushort head = (ushort)(_nextDescriptor++ % size);
        WriteDescriptor(Descriptors, head, table, (uint)pieces.Length * 16, Indirect, 0);
        Offer(head);
        return head;
    }

    public void WriteDescriptor(ulong table, ushort at, ulong address, uint length, ushort flags, ushort next)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[12..], flags);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[14..], next);
        driver.WriteMemory(table + at * 16u, bytes);
    }

    public void Offer(ushort head)
    {
        driver.Write16(Driver + 4 + (ulong)(AvailableIndex % size) * 2, head);
        SetAvailableIndex((ushort)(AvailableIndex + 1));
    }

    public void SetAvailableIndex(ushort value)
    {
        AvailableIndex = value;
        driver.Write16(Driver + 2, value);
    }

    public void SetFlags(ushort flags) => driver.Write16(Driver, flags);

    public void SetUsedEvent(ushort value) => driver.Write16(Driver + 4 + (ulong)size * 2, value);

    public void Notify() => driver.Write(VirtioMmioRegister.QueueNotify, (uint)index);

    /// <summary>Takes the next used entry; null when there is none.</summary>
    public (uint Head, uint Length)? TakeUsed()
    {
        if (!HasUsed) return null;
        byte[] entry = driver.ReadMemory(Device + 4 + (ulong)(_usedSeen++ % size) * 8, 8);
        return (BinaryPrimitives.ReadUInt32LittleEndian(entry), BinaryPrimitives.ReadUInt32LittleEndian(entry.AsSpan(4)));
    }
}
