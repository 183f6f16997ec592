using System.Buffers.Binary;
using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices.Virtio.Input;

/// <summary>A keyboard (virtio 1.3, section 5.8) with one key: power.</summary>
internal sealed class InputDevice : VirtioDevice
{
    private const int EventQueue = 0;
    private const int StatusQueue = 1;
    private const int QueueSize = 64;

    // struct virtio_input_config: select, subsel, size, five reserved bytes, 128 bytes of the selected value.
    private const int SizeOffset = 2;
    private const int ValueOffset = 8;
    private const int ConfigSize = 136;
    private const ushort BusVirtual = 6;

    private readonly DescriptorChain _chain;
    private readonly InputState _state = new();
    private readonly byte[] _config = new byte[ConfigSize];

    public InputDevice(GuestMemory memory, IInterruptLine line)
        : base(memory, line, new InputMetrics(), VirtioDeviceType.Input, features: 0, QueueSize, QueueSize)
    {
        _chain = new DescriptorChain(memory);
    }

    public new InputMetrics Metrics => (InputMetrics)base.Metrics;

    public override ReadOnlySpan<byte> Config => _config;

    /// <summary>Presses and releases the power key; false when no driver is there to see it, or it does not take its events.</summary>
    public bool PressPowerKey()
    {
        lock (Lock)
        {
            if (!DriverReady || _state.Events.Count + 4 > InputState.Capacity) return false;
            Enqueue(pressed: 1);
            Enqueue(pressed: 0);
        }

        Process(EventQueue);
        return true;
    }

    public override void WriteConfig(ulong offset, int size, ulong value)
    {
        if (size != 1 || offset > 1)
        {
            base.WriteConfig(offset, size, value);
            return;
        }

        if (offset == 0) _state.Select = (byte)value;
        else _state.Subselect = (byte)value;
        Select();
    }

    protected override void OnReset()
    {
        _state.Clear();
        Select();
    }

    protected override void SaveKit(MachineStateWriter writer)
    {
        writer.Write(_state.Select);
        writer.Write(_state.Subselect);
        writer.Write((byte)_state.Events.Count);
        foreach (InputRequest input in _state.Events)
        {
            writer.Write(input.Type);
            writer.Write(input.Code);
            writer.Write(input.Value);
        }
    }

    protected override void RestoreKit(MachineStateReader reader)
    {
        _state.Clear();
        _state.Select = reader.ReadByte();
        _state.Subselect = reader.ReadByte();
        for (int count = reader.ReadByte(InputState.Capacity); count > 0; count--)
            _state.Events.Enqueue(new InputRequest(reader.ReadUInt16(), reader.ReadUInt16(), reader.ReadUInt32()));
        Select();
    }

    protected override bool HandleNext(int queue) => queue == EventQueue ? SendEvent() : TakeStatus();

    private void Enqueue(uint pressed)
    {
        _state.Events.Enqueue(new InputRequest(InputCode.EvKey, InputCode.KeyPower, pressed));
        _state.Events.Enqueue(new InputRequest(InputCode.EvSyn, InputCode.SynReport, 0));
    }

    private bool SendEvent()
    {
        lock (Lock)
        {
            if (!_state.Events.TryPeek(out InputRequest next) || !TryTake(Queues[EventQueue], _chain)) return false;
            Span<byte> bytes = stackalloc byte[InputRequest.Size];
            next.Write(bytes);
            if (_chain.WritableLength < InputRequest.Size || !_chain.TryWrite(0, bytes))
            {
                NeedReset();
                return false;
            }

            _state.Events.Dequeue();
            Metrics.CountEvent();
            Return(Queues[EventQueue], _chain.Head, InputRequest.Size);
            return true;
        }
    }

    // The driver's LED and the like: there are none.
    private bool TakeStatus()
    {
        lock (Lock)
        {
            if (!TryTake(Queues[StatusQueue], _chain)) return false;
            Return(Queues[StatusQueue], _chain.Head, 0);
            return true;
        }
    }

    // Shows the selected value, of size 0 where there is none.
    private void Select()
    {
        Span<byte> value = _config.AsSpan(ValueOffset);
        value.Clear();
        _config[0] = _state.Select;
        _config[1] = _state.Subselect;
        _config[SizeOffset] = (byte)((_state.Select, _state.Subselect) switch
        {
            (InputSelect.IdName, 0) => Copy("CloudLab power key"u8, value),
            (InputSelect.IdSerial, 0) => Copy("cloudlab-power-0"u8, value),
            (InputSelect.IdDevids, 0) => WriteIds(value),
            (InputSelect.EvBits, (byte)InputCode.EvKey) => WriteKeys(value),
            _ => 0,
        });
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> value)
    {
        text.CopyTo(value);
        return text.Length;
    }

    // struct virtio_input_devids: bustype, vendor, product, version.
    private static int WriteIds(Span<byte> value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(value, BusVirtual);
        BinaryPrimitives.WriteUInt16LittleEndian(value[6..], 1);
        return 8;
    }

    private static int WriteKeys(Span<byte> value)
    {
        value[InputCode.KeyPower / 8] = 1 << (InputCode.KeyPower % 8);
        return InputCode.KeyPower / 8 + 1;
    }
}
