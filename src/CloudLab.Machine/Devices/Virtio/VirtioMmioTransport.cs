using System.Buffers.Binary;
using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices.Virtio;

/// <summary>The memory-mapped transport, version 2 (virtio 1.3, section 4.2): the registers in front of a device.</summary>
internal sealed class VirtioMmioTransport(VirtioDevice device) : IMmioDevice
{
    private const ushort StateVersion = 1;
    private const uint Magic = 0x7472_6976; // "virt"
    private const uint VendorId = 0x424c_4c43; // "CLLB"
    private const uint MmioVersion = 2;

    private VirtioMmioState _state;

    public VirtioDevice Device => device;

    private VirtQueue? SelectedQueue =>
        _state.QueueSel < (uint)device.Queues.Length ? device.Queues[_state.QueueSel] : null;

    /// <summary>Power-on, of the device too.</summary>
    public void Reset()
    {
        lock (device.Lock)
        {
            _state = default;
            device.Reset();
        }
    }

    /// <summary>Writes registers, device and queues. The device has been drained.</summary>
    public void Save(MachineStateWriter writer, int slot)
    {
        lock (device.Lock)
        {
            writer.Begin(StateSection.Virtio, StateVersion, slot);
            writer.Write(device.DeviceType);
            writer.Write(_state.DeviceFeaturesSel);
            writer.Write(_state.DriverFeaturesSel);
            writer.Write(_state.QueueSel);
            device.Save(writer);
            writer.End();
        }
    }

    /// <summary>Takes over what <see cref="Save"/> wrote; the device is as after a drain, until <see cref="VirtioDevice.Resume"/>.</summary>
    /// <exception cref="MachineException">It belongs to another device, or is in a state that none can be in.</exception>
    public void Restore(MachineStateReader reader, int slot)
    {
        lock (device.Lock)
        {
            reader.Open(StateSection.Virtio, StateVersion, slot);
            if (reader.ReadUInt32() != device.DeviceType) reader.Refuse("belongs to another kind of device");
            _state = new VirtioMmioState
            {
                DeviceFeaturesSel = reader.ReadUInt32(),
                DriverFeaturesSel = reader.ReadUInt32(),
                QueueSel = reader.ReadUInt32(),
            };
            device.Restore(reader);
            reader.Close();
        }
    }

    public ulong Read(ulong offset, int size)
    {
        lock (device.Lock)
        {
            if (offset >= VirtioMmioRegister.Config) return ReadConfig(offset - VirtioMmioRegister.Config, size);
            if (size == 4 && TryRead(offset, out uint value)) return value;
        }

        device.Metrics.CountBadAccess();
        return 0;
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (offset == VirtioMmioRegister.QueueNotify && size == 4)
        {
            device.Notify((uint)value);
            return;
        }

        bool ready = false;
        lock (device.Lock)
        {
            if (offset >= VirtioMmioRegister.Config) device.WriteConfig(offset - VirtioMmioRegister.Config, size, value);
            else if (size == 4 && offset == VirtioMmioRegister.Status) ready = SetStatus((uint)value);
            else if (size != 4 || !TryWrite(offset, (uint)value)) device.Metrics.CountBadAccess();
        }

        if (ready) device.ProcessAll();
    }

    private bool TryRead(ulong offset, out uint value)
    {
        uint? register = offset switch
        {
            VirtioMmioRegister.MagicValue => Magic,
            VirtioMmioRegister.Version => MmioVersion,
            VirtioMmioRegister.DeviceId => device.DeviceType,
            VirtioMmioRegister.VendorId => VendorId,
            VirtioMmioRegister.DeviceFeatures => _state.DeviceFeaturesSel switch
            {
                0 => (uint)device.Features,
                1 => (uint)(device.Features >> 32),
                _ => 0,
            },
            VirtioMmioRegister.QueueSizeMax => (uint)(SelectedQueue?.MaxSize ?? 0),
            VirtioMmioRegister.QueueReady => SelectedQueue is { Ready: true } ? 1u : 0,
            VirtioMmioRegister.InterruptStatus => device.InterruptStatus,
            VirtioMmioRegister.Status => device.Status,
            VirtioMmioRegister.ConfigGeneration => device.ConfigGeneration,
            // There is no shared memory region: its length reads as -1 (section 4.2.2).
            VirtioMmioRegister.ShmLenLow or VirtioMmioRegister.ShmLenHigh => uint.MaxValue,
            VirtioMmioRegister.ShmBaseLow or VirtioMmioRegister.ShmBaseHigh => uint.MaxValue,
            _ => null,
        };
        value = register ?? 0;
        return register is not null;
    }

    private bool TryWrite(ulong offset, uint value)
    {
        switch (offset)
        {
            case VirtioMmioRegister.DeviceFeaturesSel:
                _state.DeviceFeaturesSel = value;
                return true;
            case VirtioMmioRegister.DriverFeaturesSel:
                _state.DriverFeaturesSel = value;
                return true;
            case VirtioMmioRegister.DriverFeatures:
                device.SetDriverFeatures(_state.DriverFeaturesSel, value);
                return true;
            case VirtioMmioRegister.QueueSel:
                _state.QueueSel = value;
                return true;
            case VirtioMmioRegister.InterruptAck:
                device.AcknowledgeInterrupt(value);
                return true;
            case VirtioMmioRegister.QueueReady when SelectedQueue is { } queue:
                device.SetQueueReady(queue, (value & 1) != 0);
                return true;
            default:
                // A ring's place and size are fixed while it is in use.
                return SelectedQueue is { Ready: false } unused && TryPlace(ref unused.State, offset, value);
        }
    }

    private static bool TryPlace(ref VirtQueueState queue, ulong offset, uint value)
    {
        switch (offset)
        {
            case VirtioMmioRegister.QueueSize:
                queue.Size = value;
                return true;
            case VirtioMmioRegister.QueueDescLow:
                queue.DescriptorArea = Low(queue.DescriptorArea, value);
                return true;
            case VirtioMmioRegister.QueueDescHigh:
                queue.DescriptorArea = High(queue.DescriptorArea, value);
                return true;
            case VirtioMmioRegister.QueueDriverLow:
                queue.DriverArea = Low(queue.DriverArea, value);
                return true;
            case VirtioMmioRegister.QueueDriverHigh:
                queue.DriverArea = High(queue.DriverArea, value);
                return true;
            case VirtioMmioRegister.QueueDeviceLow:
                queue.DeviceArea = Low(queue.DeviceArea, value);
                return true;
            case VirtioMmioRegister.QueueDeviceHigh:
                queue.DeviceArea = High(queue.DeviceArea, value);
                return true;
            default:
                return false;
        }
    }

    private bool SetStatus(uint value)
    {
        if (value == 0) _state = default;
        return device.SetStatus(value);
    }

    // Bytes past the end of a device's configuration read as zero.
    private ulong ReadConfig(ulong offset, int size)
    {
        ReadOnlySpan<byte> config = device.Config;
        if (offset >= (ulong)config.Length) return 0;
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        config[(int)offset..Math.Min((int)offset + size, config.Length)].CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static ulong Low(ulong register, uint value) => (register & ~0xffff_ffffUL) | value;

    private static ulong High(ulong register, uint value) => (uint)register | ((ulong)value << 32);
}
