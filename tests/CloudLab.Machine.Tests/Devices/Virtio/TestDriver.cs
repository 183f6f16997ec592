using System.Buffers.Binary;
using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Memory;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

/// <summary>A small virtio driver that talks to a device through its registers and real guest memory, as a guest would.</summary>
internal sealed class TestDriver : IDisposable
{
    public const ulong RamStart = 0x8000_0000;
    private const ulong QueueArea = 0x1_0000;

    private readonly VirtioMmioTransport _transport;
    private readonly TestQueue[] _queues;

    public TestDriver(Func<GuestMemory, FakeLine, VirtioDevice> create, ulong memorySize = 16 << 20, MemoryAccount? account = null)
    {
        Memory = new GuestMemory(new GuestAddress(RamStart), memorySize, account);
        Device = create(Memory, Line);
        _transport = new VirtioMmioTransport(Device);
        _queues = new TestQueue[Device.Queues.Length];
    }

    public GuestMemory Memory { get; }

    public FakeLine Line { get; } = new();

    public VirtioDevice Device { get; }

    /// <summary>The features that <see cref="Negotiate"/> accepted.</summary>
    public ulong Features { get; private set; }

    public uint Status => Read(VirtioMmioRegister.Status);

    public bool NeedsReset => (Status & VirtioStatus.DeviceNeedsReset) != 0;

    /// <summary>Guest memory that no ring uses.</summary>
    public static ulong Scratch => RamStart + 8 * QueueArea;

    public TestQueue this[int queue] => _queues[queue];

    /// <summary>Brings the device up as the specification says (virtio 1.3, section 3.1.1).</summary>
    public void Start(ulong features = ulong.MaxValue, uint queueSize = 0)
    {
        Negotiate(features);
        for (int i = 0; i < _queues.Length; i++) SetUpQueue(i, queueSize);
        Write(VirtioMmioRegister.Status, 15);
        Assert.Equal(15u, Status);
    }

    /// <summary>Everything up to FEATURES_OK.</summary>
    public void Negotiate(ulong features = ulong.MaxValue)
    {
        Write(VirtioMmioRegister.Status, 0);
        Write(VirtioMmioRegister.Status, 1);
        Write(VirtioMmioRegister.Status, 3);
        Features = OfferedFeatures() & features;
        AcceptFeatures(Features);
        Write(VirtioMmioRegister.Status, 11);
    }

    public void AcceptFeatures(ulong features)
    {
        for (uint half = 0; half < 2; half++)
        {
            Write(VirtioMmioRegister.DriverFeaturesSel, half);
            Write(VirtioMmioRegister.DriverFeatures, (uint)(features >> (int)(half * 32)));
        }
    }

    public ulong OfferedFeatures()
    {
        Write(VirtioMmioRegister.DeviceFeaturesSel, 0);
        ulong features = Read(VirtioMmioRegister.DeviceFeatures);
        Write(VirtioMmioRegister.DeviceFeaturesSel, 1);
        return features | ((ulong)Read(VirtioMmioRegister.DeviceFeatures) << 32);
    }

    public TestQueue SetUpQueue(int index, uint size = 0)
    {
        Write(VirtioMmioRegister.QueueSel, (uint)index);
        if (size == 0) size = Read(VirtioMmioRegister.QueueSizeMax);
        var queue = new TestQueue(this, index, (int)size, RamStart + (ulong)index * QueueArea);
        WriteMemory(queue.Descriptors, new byte[QueueArea]);
        Write(VirtioMmioRegister.QueueSize, size);
        WriteAddresses(queue.Descriptors, queue.Driver, queue.Device);
        Write(VirtioMmioRegister.QueueReady, 1);
        return _queues[index] = queue;
    }

    public void WriteAddresses(ulong descriptors, ulong driver, ulong device)
    {
        Write(VirtioMmioRegister.QueueDescLow, (uint)descriptors);
        Write(VirtioMmioRegister.QueueDescHigh, (uint)(descriptors >> 32));
        Write(VirtioMmioRegister.QueueDriverLow, (uint)driver);
        Write(VirtioMmioRegister.QueueDriverHigh, (uint)(driver >> 32));
        Write(VirtioMmioRegister.QueueDeviceLow, (uint)device);
        Write(VirtioMmioRegister.QueueDeviceHigh, (uint)(device >> 32));
    }

    public uint Read(ulong register) => (uint)_transport.Read(register, 4);

    public void Write(ulong register, uint value) => _transport.Write(register, 4, value);

    public ulong Read(ulong register, int size) => _transport.Read(register, size);

    public void Write(ulong register, int size, ulong value) => _transport.Write(register, size, value);

    public ulong Config(ulong offset, int size) => _transport.Read(VirtioMmioRegister.Config + offset, size);

    /// <summary>As a reboot of the machine does.</summary>
    public void ResetMachine() => _transport.Reset();

    /// <summary>Acknowledges what is pending.</summary>
    public uint TakeInterrupts()
    {
        uint pending = Read(VirtioMmioRegister.InterruptStatus);
        Write(VirtioMmioRegister.InterruptAck, pending);
        return pending;
    }

    public byte[] ReadMemory(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(Memory.TryRead(new GuestAddress(address), bytes));
        return bytes;
    }

    public void WriteMemory(ulong address, ReadOnlySpan<byte> bytes) =>
        Assert.True(Memory.TryWrite(new GuestAddress(address), bytes));

    public ushort Read16(ulong address)
    {
        Span<byte> bytes = stackalloc byte[2];
        Assert.True(Memory.TryRead(new GuestAddress(address), bytes));
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    public void Write16(ulong address, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        WriteMemory(address, bytes);
    }

    /// <summary>Drains before the memory goes, as a machine does; what a test left in flight never ends.</summary>
    public void Dispose()
    {
        _ = Device.DrainAsync();
        (Device as IDisposable)?.Dispose();
        Memory.Dispose();
    }
}
