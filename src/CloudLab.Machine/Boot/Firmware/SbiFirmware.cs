using System.Numerics;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;

namespace CloudLab.Machine.Boot.Firmware;

/// <summary>
/// The firmware that the VMM plays for a kernel started in S-mode: SBI 2.0 with the base, timer, IPI, remote fence, hart
/// state, system reset and debug console extensions.
/// </summary>
/// <remarks>
/// Called on the calling hart's thread, with its pc behind the <c>ecall</c>. All arguments are hostile: unknown
/// functions, harts and addresses are answered with an error code.
/// </remarks>
// SAFETY: only the state of the calling hart is touched, on its own thread; register indices are constants.
internal sealed unsafe class SbiFirmware(IReadOnlyList<Rv64Vcpu> vcpus, GuestMemory memory, IPowerControl power, Action<ReadOnlySpan<byte>> console)
{
    private const ulong SpecificationVersion = 2UL << 24;

    // Any number does that is not one of the registered implementations' (SBI specification, table 4).
    private const ulong ImplementationId = 0x434c;
    private const ulong ImplementationVersion = 1;
    private const int LargestConsoleWrite = 4096;

    /// <summary>Answers the call in a7 and a6; results go to a0 and a1.</summary>
    public void Call(Rv64Vcpu caller)
    {
        HartState* h = caller.Hart.State;
        ulong value = 0;
        SbiError error = h->X[17] switch
        {
            SbiExtension.Base => CallBase(caller, out value),
            SbiExtension.Time => CallTime(caller),
            SbiExtension.Ipi => CallIpi(caller),
            SbiExtension.RemoteFence => CallRemoteFence(caller),
            SbiExtension.HartState => CallHartState(caller, out value),
            SbiExtension.SystemReset => CallSystemReset(caller),
            SbiExtension.DebugConsole => CallDebugConsole(caller, out value),
            _ => Unknown(caller),
        };
        h->X[10] = (ulong)error;
        h->X[11] = value;
    }

    private static SbiError Unknown(Rv64Vcpu caller)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiUnknown);
        return SbiError.NotSupported;
    }

    private static SbiError CallBase(Rv64Vcpu caller, out ulong value)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiBase);
        HartState* h = caller.Hart.State;
        value = h->X[16] switch
        {
            0 => SpecificationVersion,
            1 => ImplementationId,
            2 => ImplementationVersion,
            3 => IsPlayed(h->X[10]) ? 1UL : 0UL,
            _ => 0,
        };
        return h->X[16] <= 6 ? SbiError.Success : SbiError.NotSupported;
    }

    private static bool IsPlayed(ulong extension) => extension is SbiExtension.Base or SbiExtension.Time or SbiExtension.Ipi
        or SbiExtension.RemoteFence or SbiExtension.HartState or SbiExtension.SystemReset or SbiExtension.DebugConsole;

    private static SbiError CallTime(Rv64Vcpu caller)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiTime);
        if (caller.Hart.State->X[16] != 0) return SbiError.NotSupported;
        caller.Hart.SetSupervisorTimer(caller.Hart.State->X[10]);
        return SbiError.Success;
    }

    private SbiError CallIpi(Rv64Vcpu caller)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiIpi);
        HartState* h = caller.Hart.State;
        if (h->X[16] != 0) return SbiError.NotSupported;
        if (!TrySelect(h->X[10], h->X[11], out ulong targets)) return SbiError.InvalidParam;
        for (; targets != 0; targets &= targets - 1) First(targets).SetLine(InterruptBits.SupervisorSoftware, true);
        return SbiError.Success;
    }

    /// <summary>Asks the other harts to flush, and waits until none can still act on what was flushed.</summary>
    private SbiError CallRemoteFence(Rv64Vcpu caller)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiRemoteFence);
        HartState* h = caller.Hart.State;
        // 0 is fence.i, 1 sfence.vma, 2 sfence.vma with an ASID; the others need the hypervisor extension.
        if (h->X[16] > 2) return SbiError.NotSupported;
        if (!TrySelect(h->X[10], h->X[11], out ulong targets)) return SbiError.InvalidParam;
        HartRequest request = h->X[16] == 0
            ? new HartRequest(HartRequestKind.CodeFence, 0, 0)
            : new HartRequest(HartRequestKind.FlushTranslations, h->X[12], h->X[13], h->X[16] == 2 ? (ushort)h->X[14] : null);
        if (h->X[16] == 0) caller.Hart.AwaitWithdrawals();
        Span<long> numbers = stackalloc long[64];
        for (ulong rest = targets; rest != 0; rest &= rest - 1) numbers[BitOperations.TrailingZeroCount(rest)] = First(rest).Hart.Request(request);
        for (; targets != 0; targets &= targets - 1)
        {
            var spinner = default(SpinWait);
            // Serving one's own requests meanwhile keeps two harts that fence each other from waiting for ever.
            while (!First(targets).Hart.HasServed(numbers[BitOperations.TrailingZeroCount(targets)]))
            {
                caller.Hart.ServeRequests();
                spinner.SpinOnce(sleep1Threshold: -1);
            }
        }

        return SbiError.Success;
    }

    private SbiError CallHartState(Rv64Vcpu caller, out ulong value)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiHartState);
        HartState* h = caller.Hart.State;
        value = 0;
        switch (h->X[16])
        {
            case 0: return StartHart(h->X[10], h->X[11], h->X[12]);
            case 1:
                caller.Stop();
                return SbiError.Failed;
            case 2:
                if (h->X[10] >= (ulong)vcpus.Count) return SbiError.InvalidParam;
                value = (ulong)vcpus[(int)h->X[10]].RunState;
                return SbiError.Success;
            case 3:
                // Only the default retentive suspend, which is WFI.
                if ((uint)h->X[10] == 0x8000_0000) return SbiError.NotSupported;
                if ((uint)h->X[10] != 0) return SbiError.InvalidParam;
                caller.Suspend();
                return SbiError.Success;
            default: return SbiError.NotSupported;
        }
    }

    private SbiError StartHart(ulong id, ulong start, ulong opaque)
    {
        if (id >= (ulong)vcpus.Count) return SbiError.InvalidParam;
        if (!memory.Contains(new GuestAddress(start), 2) || (start & 1) != 0) return SbiError.InvalidAddress;
        return vcpus[(int)id].TryStart(start, opaque) ? SbiError.Success : SbiError.AlreadyAvailable;
    }

    private SbiError CallSystemReset(Rv64Vcpu caller)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiSystemReset);
        HartState* h = caller.Hart.State;
        if (h->X[16] != 0) return SbiError.NotSupported;
        // Types: shutdown, cold and warm reboot. Reasons: none, system failure. The rest is reserved.
        switch ((Type: (uint)h->X[10], Reason: (uint)h->X[11]))
        {
            case (0, 0): power.PowerOff(); break;
            case (0, 1): power.Fail(1); break;
            case (1 or 2, 0 or 1): power.Reset(); break;
            default: return SbiError.InvalidParam;
        }

        caller.Hart.Counters.Exit(ExitCause.ResetAndPower);
        // The machine is taken down by its command queue; this hart has nothing more to do.
        caller.Stop();
        return SbiError.Success;
    }

    private SbiError CallDebugConsole(Rv64Vcpu caller, out ulong value)
    {
        caller.Hart.Counters.Exit(ExitCause.SbiDebugConsole);
        HartState* h = caller.Hart.State;
        value = 0;
        switch (h->X[16])
        {
            case 0:
                Span<byte> bytes = stackalloc byte[(int)Math.Min(h->X[10], LargestConsoleWrite)];
                if (h->X[12] != 0 || !memory.TryRead(new GuestAddress(h->X[11]), bytes)) return SbiError.InvalidParam;
                console(bytes);
                value = (ulong)bytes.Length;
                return SbiError.Success;
            case 1: return SbiError.Success;
            case 2:
                console([(byte)h->X[10]]);
                return SbiError.Success;
            default: return SbiError.NotSupported;
        }
    }

    /// <summary>The harts of a mask (SBI specification, chapter 3.1): bit i is hart base + i; a base of all ones means all.</summary>
    /// <param name="targets">Bit i is hart i.</param>
    private bool TrySelect(ulong mask, ulong start, out ulong targets)
    {
        // There are never more than 64.
        ulong all = ulong.MaxValue >> (64 - vcpus.Count);
        targets = start == ulong.MaxValue ? all : 0;
        if (start == ulong.MaxValue || mask == 0) return true;
        if (start >= (ulong)vcpus.Count || (mask & ~(all >> (int)start)) != 0) return false;
        targets = mask << (int)start;
        return true;
    }

    private Rv64Vcpu First(ulong targets) => vcpus[BitOperations.TrailingZeroCount(targets)];
}
