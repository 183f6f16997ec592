using CloudLab.Machine.State;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// Physical memory protection (privileged specification, 3.7): 16 entries with a grain of 4 KiB, so that every region
/// is made of whole pages and a TLB entry never covers two verdicts. NA4 regions are therefore not available.
/// </summary>
internal sealed class Pmp
{
    public const int Count = 16;

    // Grain 2^(G+2) bytes = 4 KiB.
    private const int Grain = 10;
    private const byte Read = 1;
    private const byte Write = 2;
    private const byte Execute = 4;
    private const int ModeShift = 3;
    private const byte Locked = 0x80;
    private const byte Writable = 0x9f;

    private readonly byte[] _config = new byte[Count];
    private readonly ulong[] _address = new ulong[Count];
    private readonly (ulong Start, ulong End)[] _ranges = new (ulong, ulong)[Count];
    private int _active;

    private enum Mode
    {
        Off = 0,
        TopOfRange = 1,
        Na4 = 2,
        Napot = 3,
    }

    /// <summary>No entry is on: M-mode may do all, the other modes nothing.</summary>
    public void Reset()
    {
        Array.Clear(_config);
        Array.Clear(_address);
        UpdateRanges();
    }

    /// <summary>What firmware does before it starts a kernel: one entry that allows everything.</summary>
    public void AllowAll()
    {
        Reset();
        _address[0] = ulong.MaxValue >> 10;
        _config[0] = (byte)((int)Mode.Napot << ModeShift | Read | Write | Execute);
        UpdateRanges();
    }

    /// <summary>Whether an access to the page of <paramref name="address"/> is allowed; the first entry that holds it decides.</summary>
    public bool Allows(ulong address, AccessKind access, Privilege privilege)
    {
        for (int i = 0; i < _active; i++)
        {
            if (address < _ranges[i].Start || address >= _ranges[i].End) continue;
            byte config = _config[i];
            if (privilege == Privilege.Machine && (config & Locked) == 0) return true;
            return (config & BitOf(access)) != 0;
        }

        return privilege == Privilege.Machine;
    }

    /// <summary>Reads pmpcfg<paramref name="register"/> (an even one: eight entries).</summary>
    public ulong ReadConfig(int register)
    {
        ulong value = 0;
        for (int i = 0; i < 8; i++) value |= (ulong)_config[(register * 4) + i] << (8 * i);
        return value;
    }

    /// <summary>Writes pmpcfg<paramref name="register"/>; locked entries stay as they are.</summary>
    public void WriteConfig(int register, ulong value)
    {
        for (int i = 0; i < 8; i++)
        {
            int entry = (register * 4) + i;
            if ((_config[entry] & Locked) != 0) continue;
            byte config = (byte)((byte)(value >> (8 * i)) & Writable);
            // Write without read is reserved; NA4 does not exist at this grain: both fields are WARL.
            if ((config & (Read | Write)) == Write) config &= unchecked((byte)~Write);
            if (ModeOf(config) == Mode.Na4) config = (byte)((config & ~(3 << ModeShift)) | (_config[entry] & 3 << ModeShift));
            _config[entry] = config;
        }

        UpdateRanges();
    }

    /// <summary>Reads pmpaddr<paramref name="entry"/>: the bits below the grain show the mode (3.7.1).</summary>
    public ulong ReadAddress(int entry) => ModeOf(_config[entry]) switch
    {
        Mode.Napot => _address[entry] | (1UL << (Grain - 1)) - 1,
        Mode.Off or Mode.TopOfRange => _address[entry] & ~((1UL << Grain) - 1),
        _ => _address[entry],
    };

    /// <summary>Writes pmpaddr<paramref name="entry"/>, unless it is locked or the start of a locked range.</summary>
    public void WriteAddress(int entry, ulong value)
    {
        bool isLocked = (_config[entry] & Locked) != 0;
        bool startsLocked = entry + 1 < Count && (_config[entry + 1] & Locked) != 0 && ModeOf(_config[entry + 1]) == Mode.TopOfRange;
        if (isLocked || startsLocked) return;
        _address[entry] = value & ulong.MaxValue >> 10;
        UpdateRanges();
    }

    /// <summary>Writes all entries into the open section.</summary>
    public void Save(MachineStateWriter writer)
    {
        writer.Write(_config);
        foreach (ulong address in _address) writer.Write(address);
    }

    /// <summary>Takes over what <see cref="Save"/> wrote.</summary>
    public void Restore(MachineStateReader reader)
    {
        reader.ReadBytes(_config);
        foreach (byte config in _config)
            if ((config & ~Writable) != 0 || (config & (Read | Write)) == Write || ModeOf(config) == Mode.Na4)
                reader.Refuse("protects memory in a way that does not exist");
        for (int i = 0; i < Count; i++) _address[i] = reader.ReadUInt64(ulong.MaxValue >> 10);
        UpdateRanges();
    }

    private static Mode ModeOf(byte config) => (Mode)(config >> ModeShift & 3);

    private static byte BitOf(AccessKind access) => access switch
    {
        AccessKind.Load => Read,
        AccessKind.Store => Write,
        AccessKind.Fetch => Execute,
    };

    private void UpdateRanges()
    {
        _active = 0;
        for (int i = 0; i < Count; i++)
        {
            _ranges[i] = RangeOf(i);
            if (_ranges[i].End > _ranges[i].Start) _active = i + 1;
        }
    }

    private (ulong Start, ulong End) RangeOf(int entry)
    {
        const ulong Page = 0xfff;
        switch (ModeOf(_config[entry]))
        {
            case Mode.TopOfRange:
                ulong start = entry == 0 ? 0 : _address[entry - 1] << 2 & ~Page;
                return (start, _address[entry] << 2 & ~Page);
            case Mode.Napot:
                // Trailing ones give the size: n of them, 2^(n+3) bytes.
                ulong mask = _address[entry] | (1UL << (Grain - 1)) - 1;
                ulong size = (mask ^ (mask + 1)) << 2 | 3;
                ulong from = mask << 2 & ~size;
                ulong end = from + size + 1;
                return (from, end > from ? end : ulong.MaxValue);
            default:
                return (0, 0);
        }
    }
}
