using System.Buffers.Binary;
using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.Tests.Devices.Virtio;

/// <summary>Block requests on top of <see cref="TestDriver"/>.</summary>
internal sealed class BlockDriver : IDisposable
{
    /// <summary>What a status byte holds until the device has written it.</summary>
    public const byte Pending = 0xee;

    public BlockDriver(IBlockBackend backend, ulong features = ulong.MaxValue)
    {
        Driver = new TestDriver((memory, line) => new BlockDevice(memory, line, backend));
        Driver.Start(features);
    }

    public TestDriver Driver { get; }

    public BlockDevice Device => (BlockDevice)Driver.Device;

    public TestQueue Queue => Driver[0];

    /// <summary>Where data of requests lies.</summary>
    public static ulong Data => TestDriver.Scratch + 0x10_0000;

    public static ulong HeaderAt(int slot) => TestDriver.Scratch + (ulong)slot * 16;

    public static ulong StatusAt(int slot) => TestDriver.Scratch + 0x1_0000 + (ulong)slot;

    public void WriteHeader(ulong address, uint type, ulong sector)
    {
        Span<byte> header = stackalloc byte[16];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], sector);
        Driver.WriteMemory(address, header);
    }

    /// <summary>Offers a request in <paramref name="slot"/>, which keeps its header and status apart from others'.</summary>
    public ushort Offer(int slot, BlockRequestType type, ulong sector, params ReadOnlySpan<Piece> data)
    {
        WriteHeader(HeaderAt(slot), (uint)type, sector);
        Driver.WriteMemory(StatusAt(slot), [Pending]);
        return Queue.Add([new Piece(HeaderAt(slot), 16), .. data, new Piece(StatusAt(slot), 1, Writable: true)]);
    }

    public byte Status(int slot) => Driver.ReadMemory(StatusAt(slot), 1)[0];

    /// <summary>Does one request that the backend ends within the call; its status.</summary>
    public byte Do(BlockRequestType type, ulong sector, params ReadOnlySpan<Piece> data)
    {
        Offer(0, type, sector, data);
        Queue.Notify();
        return Queue.TakeUsed() is null ? Pending : Status(0);
    }

    public byte WriteSectors(ulong sector, byte[] bytes)
    {
        Driver.WriteMemory(Data, bytes);
        return Do(BlockRequestType.Out, sector, new Piece(Data, bytes.Length));
    }

    public byte[] ReadSectors(ulong sector, int count)
    {
        byte status = Do(BlockRequestType.In, sector, new Piece(Data, count * 512, Writable: true));
        return status == 0 ? Driver.ReadMemory(Data, count * 512) : [];
    }

    public byte DoRange(BlockRequestType type, ulong sector, uint sectors, uint flags = 0)
    {
        Span<byte> range = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range[8..], sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(range[12..], flags);
        Driver.WriteMemory(Data, range);
        return Do(type, 0, new Piece(Data, 16));
    }

    public void Dispose() => Driver.Dispose();
}
