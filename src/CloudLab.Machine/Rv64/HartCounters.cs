using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// What a hart counts. Written by the hart's thread alone, so plain additions do; read by any thread, which sees each
/// counter whole and at most a moment late.
/// </summary>
internal sealed class HartCounters
{
    private readonly ulong[] _exits = new ulong[Enum.GetValues<ExitCause>().Length];
    private readonly ulong[] _loads = new ulong[Enum.GetValues<DeviceKind>().Length];
    private readonly ulong[] _stores = new ulong[Enum.GetValues<DeviceKind>().Length];
    private readonly ulong[] _exceptions = new ulong[16];
    private readonly ulong[] _interrupts = new ulong[16];
    private ulong _instructions;

    /// <summary>Guest instructions retired.</summary>
    public ulong Instructions => Volatile.Read(ref _instructions);

    public void Retire(ulong instructions) => Volatile.Write(ref _instructions, _instructions + instructions);

    public void Exit(ExitCause cause) => Volatile.Write(ref _exits[(int)cause], _exits[(int)cause] + 1);

    public void Load(DeviceKind device) => Volatile.Write(ref _loads[(int)device], _loads[(int)device] + 1);

    public void Store(DeviceKind device) => Volatile.Write(ref _stores[(int)device], _stores[(int)device] + 1);

    public void Exception(ExceptionCode code) => Volatile.Write(ref _exceptions[(int)code], _exceptions[(int)code] + 1);

    public void Interrupt(int number) => Volatile.Write(ref _interrupts[number], _interrupts[number] + 1);

    public ulong ReadExits(ExitCause cause) => Volatile.Read(ref _exits[(int)cause]);

    public ulong ReadLoads(DeviceKind device) => Volatile.Read(ref _loads[(int)device]);

    public ulong ReadStores(DeviceKind device) => Volatile.Read(ref _stores[(int)device]);

    public ulong ReadExceptions(ExceptionCode code) => Volatile.Read(ref _exceptions[(int)code]);

    public ulong ReadInterrupts(int number) => Volatile.Read(ref _interrupts[number]);
}
