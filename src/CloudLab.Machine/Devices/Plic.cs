using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices;

/// <summary>
/// The platform-level interrupt controller (RISC-V PLIC specification 1.0.0, SiFive's layout): 95 level-triggered
/// sources, two contexts for each hart, machine then supervisor.
/// </summary>
/// <remarks>
/// A gateway turns a high wire into one pending request, and the next one only after the claim was completed. One
/// lock guards all; devices drive wires with their own locks held, so it is a leaf but for <see cref="IHartInterrupts"/>.
/// </remarks>
internal sealed class Plic : IMmioDevice
{
    private const ushort StateVersion = 1;
    private const ulong PendingBase = 0x1000;
    private const ulong EnableBase = 0x2000;
    private const ulong EnableStride = 0x80;
    private const ulong ContextBase = 0x20_0000;
    private const ulong ContextStride = 0x1000;
    private const byte PriorityMask = 7;

    // Source 0 does not exist; bits above the last source are hard-wired to zero.
    private static readonly UInt128 Sources = ((UInt128.One << (VirtMemoryMap.InterruptSources + 1)) - 1) & ~UInt128.One;

    private readonly Lock _lock = new();
    private readonly IHartInterrupts _harts;
    private readonly int _contexts;
    private PlicState _state;
    private long _badAccesses;

    public Plic(IHartInterrupts harts)
    {
        _harts = harts;
        _contexts = harts.Count * 2;
        _state = new PlicState(_contexts);
    }

    /// <summary>Accesses to what is no register.</summary>
    public long BadAccesses => Volatile.Read(ref _badAccesses);

    /// <summary>The wire of <paramref name="source"/>, 1 to <see cref="VirtMemoryMap.InterruptSources"/>.</summary>
    public IInterruptLine Line(int source)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(source, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source, VirtMemoryMap.InterruptSources);
        return new Wire(this, UInt128.One << source);
    }

    /// <summary>Power-on: nothing enabled, nothing claimed. What wires are high pend at once.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _state = new PlicState(_contexts) { Levels = _state.Levels, Pending = _state.Levels };
            Update();
        }
    }

    public void Save(MachineStateWriter writer)
    {
        lock (_lock)
        {
            writer.Begin(StateSection.Plic, StateVersion);
            writer.Write(_state.Levels);
            writer.Write(_state.Pending);
            writer.Write(_state.Claimed);
            writer.Write(_state.Priorities);
            foreach (UInt128 enabled in _state.Enabled) writer.Write(enabled);
            writer.Write(_state.Thresholds);
            writer.End();
        }
    }

    /// <summary>Takes over what <see cref="Save"/> wrote, and drives the harts. Devices are restored after it, and drive their wires.</summary>
    public void Restore(MachineStateReader reader)
    {
        lock (_lock)
        {
            reader.Open(StateSection.Plic, StateVersion);
            _state.Levels = reader.ReadUInt128(Sources);
            _state.Pending = reader.ReadUInt128(Sources);
            _state.Claimed = reader.ReadUInt128(Sources);
            for (int i = 0; i < _state.Priorities.Length; i++) _state.Priorities[i] = reader.ReadByte(PriorityMask);
            for (int i = 0; i < _contexts; i++) _state.Enabled[i] = reader.ReadUInt128(Sources);
            for (int i = 0; i < _contexts; i++) _state.Thresholds[i] = reader.ReadByte(PriorityMask);
            reader.Close();
            Update();
        }
    }

    public ulong Read(ulong offset, int size)
    {
        if (size == 4 && offset % 4 == 0)
            lock (_lock)
            {
                if (offset < PendingBase)
                {
                    if (offset / 4 <= VirtMemoryMap.InterruptSources) return _state.Priorities[offset / 4];
                }
                else if (offset < EnableBase)
                {
                    if (offset < PendingBase + 16) return Word(_state.Pending, offset);
                }
                else if (TryEnable(offset, out int context))
                {
                    return Word(_state.Enabled[context], offset);
                }
                else if (TryContext(offset, out context, out ulong register))
                {
                    if (register == 0) return _state.Thresholds[context];
                    if (register == 4) return (uint)Claim(context);
                }
            }

        Interlocked.Increment(ref _badAccesses);
        return 0;
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (size == 4 && offset % 4 == 0)
            lock (_lock)
                if (TryWrite(offset, (uint)value))
                {
                    Update();
                    return;
                }

        Interlocked.Increment(ref _badAccesses);
    }

    private bool TryWrite(ulong offset, uint value)
    {
        if (offset < PendingBase)
        {
            if (offset / 4 is 0 or > VirtMemoryMap.InterruptSources) return offset == 0;
            _state.Priorities[offset / 4] = (byte)(value & PriorityMask);
            return true;
        }

        // Pending bits are read-only: requests come from the gateways.
        if (offset < EnableBase) return false;
        if (TryEnable(offset, out int context))
        {
            int shift = (int)(offset % 16 * 8);
            UInt128 word = (UInt128)uint.MaxValue << shift;
            _state.Enabled[context] = ((_state.Enabled[context] & ~word) | ((UInt128)value << shift)) & Sources;
            return true;
        }

        if (!TryContext(offset, out context, out ulong register)) return false;
        if (register == 0) _state.Thresholds[context] = (byte)(value & PriorityMask);
        else if (register == 4) Complete(context, value);
        else return false;
        return true;
    }

    private bool TryEnable(ulong offset, out int context)
    {
        ulong index = (offset - EnableBase) / EnableStride;
        context = (int)Math.Min(index, int.MaxValue);
        return index < (ulong)_contexts && (offset - EnableBase) % EnableStride < 16;
    }

    private bool TryContext(ulong offset, out int context, out ulong register)
    {
        ulong index = unchecked(offset - ContextBase) / ContextStride;
        context = (int)Math.Min(index, int.MaxValue);
        register = offset % ContextStride;
        return offset >= ContextBase && index < (ulong)_contexts;
    }

    // A claim is not affected by the threshold (PLIC specification, chapter 8 "Interrupt Claim Process").
    private int Claim(int context)
    {
        int source = Best(context, threshold: 0);
        if (source == 0) return 0;
        _state.Pending &= ~(UInt128.One << source);
        _state.Claimed |= UInt128.One << source;
        Update();
        return source;
    }

    // A completion of a source that is not enabled for the context is ignored (chapter 9 "Interrupt Completion").
    private void Complete(int context, uint source)
    {
        if (source > VirtMemoryMap.InterruptSources) return;
        UInt128 bit = UInt128.One << (int)source;
        if ((_state.Enabled[context] & bit) == 0) return;
        _state.Claimed &= ~bit;
        _state.Pending |= _state.Levels & bit;
    }

    private void Set(UInt128 bit, bool level)
    {
        lock (_lock)
        {
            if (level == ((_state.Levels & bit) != 0)) return;
            _state.Levels ^= bit;
            if (!level || (_state.Claimed & bit) != 0) return;
            _state.Pending |= bit;
            Update();
        }
    }

    private void Update()
    {
        for (int context = 0; context < _contexts; context++)
            _harts.SetExternal(context / 2, context % 2 == 1, Best(context, _state.Thresholds[context]) != 0);
    }

    // The pending, enabled source of the highest priority above the threshold; the lowest number among equals.
    private int Best(int context, int threshold)
    {
        UInt128 candidates = _state.Pending & _state.Enabled[context];
        int best = 0;
        while (candidates != 0)
        {
            int source = (int)UInt128.TrailingZeroCount(candidates);
            candidates &= candidates - 1;
            if (_state.Priorities[source] <= threshold) continue;
            threshold = _state.Priorities[source];
            best = source;
        }

        return best;
    }

    private static uint Word(UInt128 mask, ulong offset) => (uint)(mask >> (int)(offset % 16 * 8));

    private sealed class Wire(Plic plic, UInt128 bit) : IInterruptLine
    {
        public void Set(bool level) => plic.Set(bit, level);
    }
}
