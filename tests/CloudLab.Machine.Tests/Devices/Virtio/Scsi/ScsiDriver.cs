using System.Buffers.Binary;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Devices.Virtio.Scsi;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Tests.Devices.Virtio.Scsi;

/// <summary>How a command ended, as the driver sees it.</summary>
internal sealed record Completion(ScsiResponse Response, ScsiStatus Status, ScsiSense Sense, uint Residual, byte[] Data);

/// <summary>SCSI commands on top of <see cref="TestDriver"/>.</summary>
internal sealed class ScsiDriver : IDisposable
{
    /// <summary>What a response holds until the device has written it.</summary>
    public const byte Pending = 0xee;

    private const int HeaderSize = 51;
    private const int ResponseSize = 108;

    public ScsiDriver(IBlockBackend? disk = null, ulong features = ulong.MaxValue, MemoryAccount? account = null)
    {
        Driver = new TestDriver((memory, line) => new ScsiDevice(memory, line), account: account);
        if (disk is not null) Device.TryAttach(0, disk);
        Driver.Start(features);
    }

    public TestDriver Driver { get; }

    public ScsiDevice Device => (ScsiDevice)Driver.Device;

    public TestQueue Queue => Driver[ScsiQueue.Request];

    /// <summary>Where data of requests lies.</summary>
    public static ulong Data => TestDriver.Scratch + 0x10_0000;

    public static ulong HeaderAt(int slot) => TestDriver.Scratch + (ulong)slot * 64;

    public static ulong ResponseAt(int slot) => TestDriver.Scratch + 0x1_0000 + (ulong)slot * 128;

    private static ulong EventAt(int slot) => TestDriver.Scratch + 0x3_0000 + (ulong)slot * 16;

    /// <summary>Offers a command in <paramref name="slot"/>, whose number is also its id.</summary>
    public ushort Offer(int slot, int lun, byte[] cdb, ReadOnlySpan<Piece> dataOut = default, ReadOnlySpan<Piece> dataIn = default, int target = 0)
    {
        byte[] header = new byte[HeaderSize];
        header[0] = 1;
        header[1] = (byte)target;
        header[2] = 0x40;
        header[3] = (byte)lun;
        header[8] = (byte)slot;
        cdb.CopyTo(header, 19);
        Driver.WriteMemory(HeaderAt(slot), header);
        Driver.WriteMemory(ResponseAt(slot), Enumerable.Repeat(Pending, ResponseSize).ToArray());
        return Queue.Add([new Piece(HeaderAt(slot), HeaderSize), .. dataOut, new Piece(ResponseAt(slot), ResponseSize, true), .. dataIn]);
    }

    /// <summary>How the command in a slot ended; null when it has not.</summary>
    public Completion? Result(int slot, byte[]? data = null)
    {
        byte[] response = Driver.ReadMemory(ResponseAt(slot), ResponseSize);
        if (response[11] == Pending) return null;
        uint senseLength = BinaryPrimitives.ReadUInt32LittleEndian(response);
        var sense = senseLength == 0 ? ScsiSense.None : new ScsiSense(response[14], response[24], response[25]);
        uint residual = BinaryPrimitives.ReadUInt32LittleEndian(response.AsSpan(4));
        return new Completion((ScsiResponse)response[11], (ScsiStatus)response[10], sense, residual, data ?? []);
    }

    /// <summary>Does a command that ends within the call and gives data.</summary>
    public Completion In(byte[] cdb, int room, int lun = 0, int target = 0)
    {
        Driver.WriteMemory(Data, new byte[room]);
        Offer(0, lun, cdb, dataIn: room > 0 ? [new Piece(Data, room, true)] : [], target: target);
        return Finish(room);
    }

    /// <summary>Does a command that ends within the call and takes data.</summary>
    public Completion Out(byte[] cdb, byte[] data, int lun = 0)
    {
        Driver.WriteMemory(Data, data);
        Offer(0, lun, cdb, dataOut: data.Length > 0 ? [new Piece(Data, data.Length)] : []);
        return Finish(0);
    }

    public Completion Do(params byte[] cdb) => In(cdb, 0);

    public Completion Do(int lun, byte[] cdb) => In(cdb, 0, lun);

    /// <summary>Gives the device buffers for events.</summary>
    public void OfferEventBuffers(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Driver.WriteMemory(EventAt(i), new byte[16]);
            Driver[ScsiQueue.Event].Add(new Piece(EventAt(i), 16, true));
        }

        Driver[ScsiQueue.Event].Notify();
    }

    /// <summary>Takes the event in buffer <paramref name="slot"/>: event, unit, reason.</summary>
    public (uint Event, int Lun, uint Reason)? TakeEvent(int slot)
    {
        if (Driver[ScsiQueue.Event].TakeUsed() is null) return null;
        byte[] bytes = Driver.ReadMemory(EventAt(slot), 16);
        if (bytes[4] != 1 || bytes[5] != 0) throw new InvalidDataException("not our target");
        return (BinaryPrimitives.ReadUInt32LittleEndian(bytes), (bytes[6] << 8) | bytes[7], BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(12)));
    }

    /// <summary>Offers a task management function; its response is at <see cref="Data"/> plus the slot.</summary>
    public void OfferTask(int slot, ScsiTaskFunction function, int lun = 0, ulong id = 0, int target = 0)
    {
        byte[] request = new byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(4), (uint)function);
        request[8] = 1;
        request[9] = (byte)target;
        request[11] = (byte)lun;
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(16), id);
        ulong at = TestDriver.Scratch + 0x4_0000 + (ulong)slot * 32;
        Driver.WriteMemory(at, request);
        Driver.WriteMemory(at + 24, [Pending]);
        Driver[ScsiQueue.Control].Add(new Piece(at, 24), new Piece(at + 24, 1, true));
        Driver[ScsiQueue.Control].Notify();
    }

    public byte TaskResponse(int slot) => Driver.ReadMemory(TestDriver.Scratch + 0x4_0000 + (ulong)slot * 32 + 24, 1)[0];

    public byte[] Read(ulong block, int blocks, int size = 512)
    {
        Completion done = In(Cdb16(ScsiOperation.Read16, block, (uint)blocks), blocks * size);
        return done.Status == ScsiStatus.Good && done.Response == ScsiResponse.Ok ? done.Data : [];
    }

    public Completion Write(ulong block, byte[] data, int size = 512) =>
        Out(Cdb16(ScsiOperation.Write16, block, (uint)(data.Length / size)), data);

    public static byte[] Cdb10(ScsiOperation operation, uint block, ushort length, byte flags = 0)
    {
        byte[] cdb = new byte[10];
        cdb[0] = (byte)operation;
        cdb[1] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(cdb.AsSpan(2), block);
        BinaryPrimitives.WriteUInt16BigEndian(cdb.AsSpan(7), length);
        return cdb;
    }

    public static byte[] Cdb16(ScsiOperation operation, ulong block, uint length, byte flags = 0)
    {
        byte[] cdb = new byte[16];
        cdb[0] = (byte)operation;
        cdb[1] = flags;
        BinaryPrimitives.WriteUInt64BigEndian(cdb.AsSpan(2), block);
        BinaryPrimitives.WriteUInt32BigEndian(cdb.AsSpan(10), length);
        return cdb;
    }

    /// <summary>The parameter list of UNMAP with one descriptor.</summary>
    public static byte[] UnmapList(ulong block, uint blocks)
    {
        byte[] list = new byte[24];
        list[1] = 22;
        list[3] = 16;
        BinaryPrimitives.WriteUInt64BigEndian(list.AsSpan(8), block);
        BinaryPrimitives.WriteUInt32BigEndian(list.AsSpan(16), blocks);
        return list;
    }

    public void Dispose() => Driver.Dispose();

    private Completion Finish(int room)
    {
        Queue.Notify();
        (uint Head, uint Length) used = Queue.TakeUsed() ?? throw new InvalidOperationException("not ended");
        return Result(0, Driver.ReadMemory(Data, Math.Min(room, (int)used.Length - ResponseSize)))!;
    }
}
