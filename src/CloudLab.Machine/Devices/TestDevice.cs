using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices;

/// <summary>SiFive's test finisher (<c>sifive,test0</c>): one register by which a guest ends its machine. Has no state.</summary>
internal sealed class TestDevice(IPowerControl power) : IMmioDevice
{
    private const uint FinisherFail = 0x3333;
    private const uint FinisherPass = 0x5555;
    private const uint FinisherReset = 0x7777;

    private long _badAccesses;

    /// <summary>Accesses that mean nothing to the device.</summary>
    public long BadAccesses => Volatile.Read(ref _badAccesses);

    /// <summary>Whether a store asks for the machine's end or a restart.</summary>
    public static bool IsCommand(ulong offset, int size, ulong value) =>
        offset == 0 && size >= 2 && ((uint)value & 0xffff) is FinisherFail or FinisherPass or FinisherReset;

    public ulong Read(ulong offset, int size) => 0;

    public void Write(ulong offset, int size, ulong value)
    {
        uint command = (uint)value & 0xffff;
        if (!IsCommand(offset, size, value)) Interlocked.Increment(ref _badAccesses);
        else if (command == FinisherPass) power.PowerOff();
        else if (command == FinisherReset) power.Reset();
        else power.Fail((int)(((uint)value >> 16) & 0xffff));
    }
}
