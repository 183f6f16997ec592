using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Devices;

/// <summary>All that a <see cref="Uart"/> remembers; the default is the state after power-on.</summary>
internal struct UartState
{
    public byte InterruptEnable;
    public byte FifoControl;
    public byte LineControl;
    public byte ModemControl;
    public byte Scratch;
    public ushort Divisor;

    /// <summary>The four change bits of MSR.</summary>
    public byte ModemChanges;

    /// <summary>The transmitter became empty and neither IIR nor THR was touched since.</summary>
    public bool TransmitterPending;

    /// <summary>A byte was lost because the receiver was full (in loopback only).</summary>
    public bool Overrun;

    public Fifo Received;

    /// <summary>The receiver's 16 bytes.</summary>
    internal struct Fifo
    {
        public const int Capacity = 16;

        private Bytes _bytes;
        private byte _head;

        public byte Count { get; private set; }

        public void Push(byte value) => _bytes[(_head + Count++) % Capacity] = value;

        public byte Pop()
        {
            byte value = _bytes[_head];
            _head = (byte)((_head + 1) % Capacity);
            Count--;
            return value;
        }

        [InlineArray(Capacity)]
        private struct Bytes
        {
            private byte _first;
        }
    }
}
