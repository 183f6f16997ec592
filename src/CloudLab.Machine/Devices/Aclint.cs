using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices;

/// <summary>
/// The machine-level software interrupt and timer devices (MSWI and MTIMER of the RISC-V ACLINT specification 1.0-rc4,
/// laid out as SiFive's CLINT), which firmware in M-mode uses.
/// </summary>
/// <remarks>
/// <c>mtime</c> is read-only: it is the machine's one clock. One lock guards the registers; it is a leaf but for
/// <see cref="IHartInterrupts"/>.
/// </remarks>
internal sealed class Aclint : IMmioDevice
{
    private const ushort StateVersion = 1;
    private const ulong MtimecmpBase = 0x4000;
    private const ulong Mtime = 0xbff8;

    private readonly Lock _lock = new();
    private readonly IHartInterrupts _harts;
    private readonly IGuestTime _time;
    private readonly AclintState _state;
    private long _badAccesses;

    public Aclint(IHartInterrupts harts, IGuestTime time)
    {
        _harts = harts;
        _time = time;
        _state = new AclintState(harts.Count);
        Reset();
    }

    /// <summary>Accesses to what is no register of an existing hart.</summary>
    public long BadAccesses => Volatile.Read(ref _badAccesses);

    /// <summary>Power-on: no software interrupt pends and no timer is set.</summary>
    public void Reset()
    {
        lock (_lock)
            for (int hart = 0; hart < _harts.Count; hart++)
            {
                SetSoftware(hart, false);
                SetCompare(hart, ulong.MaxValue);
            }
    }

    public void Save(MachineStateWriter writer)
    {
        lock (_lock)
        {
            writer.Begin(StateSection.Aclint, StateVersion);
            foreach (bool level in _state.Software) writer.Write(level);
            foreach (ulong compare in _state.Compare) writer.Write(compare);
            writer.End();
        }
    }

    /// <summary>Takes over what <see cref="Save"/> wrote, and drives the harts. The clock shows its time already.</summary>
    public void Restore(MachineStateReader reader)
    {
        lock (_lock)
        {
            reader.Open(StateSection.Aclint, StateVersion);
            for (int hart = 0; hart < _harts.Count; hart++) SetSoftware(hart, reader.ReadBool());
            for (int hart = 0; hart < _harts.Count; hart++) SetCompare(hart, reader.ReadUInt64());
            reader.Close();
        }
    }

    public ulong Read(ulong offset, int size)
    {
        if (size >= 4 && offset % (uint)size == 0)
        {
            if (offset >= Mtime) return Part(_time.Ticks, offset, size);
            lock (_lock)
            {
                if (offset < MtimecmpBase && size == 4 && offset / 4 < (ulong)_harts.Count)
                    return _state.Software[offset / 4] ? 1UL : 0;
                if (TryCompareHart(offset, out int hart)) return Part(_state.Compare[hart], offset, size);
            }
        }

        Interlocked.Increment(ref _badAccesses);
        return 0;
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (size >= 4 && offset % (uint)size == 0)
            lock (_lock)
            {
                if (offset < MtimecmpBase && size == 4 && offset / 4 < (ulong)_harts.Count)
                {
                    SetSoftware((int)(offset / 4), (value & 1) != 0);
                    return;
                }

                if (TryCompareHart(offset, out int hart))
                {
                    SetCompare(hart, Merge(_state.Compare[hart], offset, size, value));
                    return;
                }
            }

        Interlocked.Increment(ref _badAccesses);
    }

    private bool TryCompareHart(ulong offset, out int hart)
    {
        ulong index = unchecked(offset - MtimecmpBase) / 8;
        hart = (int)Math.Min(index, int.MaxValue);
        return index < (ulong)_harts.Count;
    }

    private void SetSoftware(int hart, bool level)
    {
        _state.Software[hart] = level;
        _harts.SetSoftware(hart, level);
    }

    private void SetCompare(int hart, ulong value)
    {
        _state.Compare[hart] = value;
        _harts.SetTimerDeadline(hart, value);
    }

    private static ulong Part(ulong register, ulong offset, int size) =>
        size == 8 ? register : (uint)(register >> (int)(offset % 8 * 8));

    private static ulong Merge(ulong register, ulong offset, int size, ulong value)
    {
        if (size == 8) return value;
        int shift = (int)(offset % 8 * 8);
        return (register & ~(0xffff_ffffUL << shift)) | ((ulong)(uint)value << shift);
    }
}
