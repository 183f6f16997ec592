using CloudLab.Machine.Console;
using CloudLab.Machine.Memory;
using CloudLab.Machine.State;
using static CloudLab.Machine.Devices.UartRegisters;

namespace CloudLab.Machine.Devices;

/// <summary>A 16550A serial port between the guest and a <see cref="SerialConsole"/>.</summary>
/// <remarks>
/// The line is infinitely fast: the transmitter is always empty, and a byte waits in the console until the receiver
/// has room, so none is lost. Received bytes below the trigger level report the time-out at once.
/// <para>
/// Output is gathered and reaches the console at a line's end, after <see cref="FlushThreshold"/> bytes, or by
/// <see cref="Flush"/>, which the scheduler calls when a vCPU leaves its core.
/// </para>
/// <para>
/// Two locks: <c>_lock</c> guards registers and the gathered bytes, <c>_outputLock</c> keeps chunks in order on their way
/// to the console. The second is taken first and never with the first held, so that a console's listener may call
/// <see cref="SerialConsole.WriteInput"/> under locks of its own.
/// </para>
/// </remarks>
internal sealed class Uart : IMmioDevice, IDisposable
{
    /// <summary>How many bytes of output are gathered at most before they go to the console.</summary>
    public const int FlushThreshold = 256;

    private const ushort StateVersion = 1;

    private readonly Lock _lock = new();
    private readonly Lock _outputLock = new();
    private readonly SerialConsole _console;
    private readonly IInterruptLine _line;
    private UartState _state;

    // A vCPU flushes before its next byte once the threshold is passed, so the excess is at most a byte for each hart.
    private byte[] _output = new byte[FlushThreshold * 2];
    private byte[] _spare = new byte[FlushThreshold * 2];
    private int _outputCount;
    private long _badAccesses;

    public Uart(SerialConsole console, IInterruptLine line)
    {
        _console = console;
        _line = line;
        _console.InputAvailable += Receive;
    }

    /// <summary>Accesses to what is no register.</summary>
    public long BadAccesses => Volatile.Read(ref _badAccesses);

    private bool FifoEnabled => (_state.FifoControl & FcrEnable) != 0;

    private bool Loopback => (_state.ModemControl & McrLoopback) != 0;

    private bool DivisorLatch => (_state.LineControl & LcrDivisorLatch) != 0;

    /// <summary>Sends gathered output to the console. Cheap when there is none.</summary>
    public void Flush()
    {
        if (Volatile.Read(ref _outputCount) == 0) return;
        lock (_outputLock)
        {
            int count;
            lock (_lock)
            {
                (_output, _spare) = (_spare, _output);
                count = _outputCount;
                _outputCount = 0;
            }

            if (count > 0) _console.WriteOutput(_spare.AsSpan(0, count));
        }
    }

    /// <summary>Power-on. Output written before is not lost, nor is input that the guest has not taken.</summary>
    public void Reset()
    {
        Flush();
        lock (_lock)
        {
            _state = default;
            Fill();
            Update();
        }
    }

    /// <summary>Detaches from the console, which lives on.</summary>
    public void Dispose()
    {
        _console.InputAvailable -= Receive;
        Flush();
    }

    /// <summary>Writes the registers. Output has been flushed; input that the receiver had no room for stays with the console.</summary>
    public void Save(MachineStateWriter writer)
    {
        lock (_lock)
        {
            writer.Begin(StateSection.Uart, StateVersion);
            writer.Write(_state.InterruptEnable);
            writer.Write(_state.FifoControl);
            writer.Write(_state.LineControl);
            writer.Write(_state.ModemControl);
            writer.Write(_state.Scratch);
            writer.Write(_state.Divisor);
            writer.Write(_state.ModemChanges);
            writer.Write(_state.TransmitterPending);
            writer.Write(_state.Overrun);
            UartState.Fifo received = _state.Received;
            writer.Write(received.Count);
            while (received.Count > 0) writer.Write(received.Pop());
            writer.End();
        }
    }

    /// <summary>Takes over what <see cref="Save"/> wrote.</summary>
    public void Restore(MachineStateReader reader)
    {
        lock (_lock)
        {
            reader.Open(StateSection.Uart, StateVersion);
            _state = new UartState
            {
                InterruptEnable = reader.ReadByte(0x0f),
                FifoControl = reader.ReadByte(),
                LineControl = reader.ReadByte(),
                ModemControl = reader.ReadByte(0x1f),
                Scratch = reader.ReadByte(),
                Divisor = reader.ReadUInt16(),
                ModemChanges = reader.ReadByte(0x0f),
                TransmitterPending = reader.ReadBool(),
                Overrun = reader.ReadBool(),
            };
            for (int count = reader.ReadByte(UartState.Fifo.Capacity); count > 0; count--) _state.Received.Push(reader.ReadByte());
            reader.Close();
            Fill();
            Update();
        }
    }

    public ulong Read(ulong offset, int size)
    {
        lock (_lock)
        {
            switch (offset)
            {
                case Data:
                    return DivisorLatch ? (byte)_state.Divisor : TakeReceived();
                case InterruptEnable:
                    return DivisorLatch ? (ulong)_state.Divisor >> 8 : _state.InterruptEnable;
                case InterruptIdentity:
                    return TakeIdentity();
                case LineControl:
                    return _state.LineControl;
                case ModemControl:
                    return _state.ModemControl;
                case LineStatus:
                    byte line = LineStatusNow();
                    _state.Overrun = false;
                    Update();
                    return line;
                case ModemStatus:
                    byte modem = (byte)(ModemLines(_state.ModemControl) | _state.ModemChanges);
                    _state.ModemChanges = 0;
                    Update();
                    return modem;
                case Scratch:
                    return _state.Scratch;
            }
        }

        Interlocked.Increment(ref _badAccesses);
        return 0;
    }

    public void Write(ulong offset, int size, ulong value)
    {
        bool flush = false;
        lock (_lock)
        {
            byte data = (byte)value;
            switch (offset)
            {
                case Data:
                    if (DivisorLatch) _state.Divisor = (ushort)((_state.Divisor & 0xff00) | data);
                    else flush = Transmit(data);
                    break;
                case InterruptEnable:
                    if (DivisorLatch) _state.Divisor = (ushort)((_state.Divisor & 0xff) | (data << 8));
                    else EnableInterrupts(data);
                    break;
                case InterruptIdentity:
                    ControlFifo(data);
                    break;
                case LineControl:
                    _state.LineControl = data;
                    break;
                case ModemControl:
                    ControlModem((byte)(data & 0x1f));
                    break;
                case LineStatus or ModemStatus:
                    // For factory tests only, says the data sheet.
                    break;
                case Scratch:
                    _state.Scratch = data;
                    break;
                default:
                    Interlocked.Increment(ref _badAccesses);
                    break;
            }

            Update();
        }

        if (flush) Flush();
    }

    private void Receive()
    {
        lock (_lock)
        {
            Fill();
            Update();
        }
    }

    // Takes what the receiver has room for. In loopback the line is cut off.
    private void Fill()
    {
        int room = FifoEnabled ? UartState.Fifo.Capacity : 1;
        while (!Loopback && _state.Received.Count < room && _console.TryReadInput(out byte value)) _state.Received.Push(value);
    }

    private byte TakeReceived()
    {
        if (_state.Received.Count == 0) return 0;
        byte value = _state.Received.Pop();
        Fill();
        Update();
        return value;
    }

    // Reading IIR takes the transmitter's interrupt back, but only when that is the one it reports.
    private byte TakeIdentity()
    {
        byte identity = Identity();
        if (identity == IirTransmitterEmpty)
        {
            _state.TransmitterPending = false;
            Update();
        }

        return (byte)(identity | (FifoEnabled ? IirFifosEnabled : 0));
    }

    // Returns whether the gathered output is due.
    private bool Transmit(byte value)
    {
        _state.TransmitterPending = true;
        if (Loopback)
        {
            if (_state.Received.Count < (FifoEnabled ? UartState.Fifo.Capacity : 1)) _state.Received.Push(value);
            else _state.Overrun = true;
            return false;
        }

        if (_outputCount < _output.Length) _output[_outputCount++] = value;
        return value == (byte)'\n' || _outputCount >= FlushThreshold;
    }

    // Enabling the transmitter's interrupt while the transmitter is empty raises it: Linux starts sending that way.
    private void EnableInterrupts(byte value)
    {
        byte raised = (byte)(value & ~_state.InterruptEnable);
        _state.InterruptEnable = (byte)(value & 0x0f);
        if ((raised & IerTransmitterEmpty) != 0) _state.TransmitterPending = true;
    }

    private void ControlFifo(byte value)
    {
        bool toggled = ((value ^ _state.FifoControl) & FcrEnable) != 0;
        if (toggled || (value & FcrClearReceiver) != 0) _state.Received = default;
        _state.FifoControl = (byte)((value & FcrEnable) != 0 ? value & 0xc9 : 0);
        Fill();
    }

    private void ControlModem(byte value)
    {
        byte before = ModemLines(_state.ModemControl);
        byte after = ModemLines(value);
        int changes = (before ^ after) >> 4;
        // The ring indicator reports only its end.
        if ((after & MsrRing) != 0) changes &= ~MsrRingEnded;
        _state.ModemChanges |= (byte)changes;
        _state.ModemControl = value;
        Fill();
    }

    // The other end of the line is always there; in loopback the modem's outputs are its inputs.
    private static byte ModemLines(byte control)
    {
        if ((control & McrLoopback) == 0) return MsrCts | MsrDsr | MsrDcd;
        int lines = 0;
        if ((control & McrRts) != 0) lines |= MsrCts;
        if ((control & McrDtr) != 0) lines |= MsrDsr;
        if ((control & McrOut1) != 0) lines |= MsrRing;
        if ((control & McrOut2) != 0) lines |= MsrDcd;
        return (byte)lines;
    }

    private byte LineStatusNow() => (byte)(LsrTransmitterHoldingEmpty | LsrTransmitterEmpty
        | (_state.Received.Count > 0 ? LsrDataReady : 0) | (_state.Overrun ? LsrOverrun : 0));

    // The data sheet's table 5: highest priority first.
    private byte Identity()
    {
        byte enabled = _state.InterruptEnable;
        if ((enabled & IerLineStatus) != 0 && _state.Overrun) return IirLineStatus;
        if ((enabled & IerReceived) != 0 && _state.Received.Count > 0)
            return _state.Received.Count >= TriggerLevel() ? IirReceived : IirTimeout;
        if ((enabled & IerTransmitterEmpty) != 0 && _state.TransmitterPending) return IirTransmitterEmpty;
        if ((enabled & IerModemStatus) != 0 && _state.ModemChanges != 0) return IirModemStatus;
        return IirNone;
    }

    private int TriggerLevel() => !FifoEnabled ? 1 : (_state.FifoControl >> 6) switch
    {
        0 => 1,
        1 => 4,
        2 => 8,
        _ => 14,
    };

    private void Update() => _line.Set(Identity() != IirNone);
}
