using CloudLab.Machine.Tests.Boot.Elf;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>
/// The smallest kernel with all three modes, see docs/teaching-kernels.md: M-mode opens memory to the others and delegates
/// system calls, S-mode serves them, and a program in U-mode makes them. Characters and the end go through HTIF.
/// </summary>
internal static class TeachingKernel
{
    public const string Message = "hello from U-mode\n";

    private const ulong Machine = 0x8000_0000;
    private const ulong Supervisor = 0x8000_0200;
    private const ulong Handler = 0x8000_0400;
    private const ulong Program = 0x8000_1000;
    private const ulong ToHost = 0x8000_2000;

    private const uint Sstatus = 0x100, Stvec = 0x105, Sepc = 0x141, Mstatus = 0x300, Medeleg = 0x302, Mepc = 0x341, Pmpcfg0 = 0x3a0,
        Pmpaddr0 = 0x3b0;

    private const int CallExit = 0;
    private const int CallPrint = 1;

    /// <param name="exitCode">What the program ends with, below 2048.</param>
    public static byte[] Build(int exitCode) => new ElfBuilder { Entry = Machine }
        .Segment(Machine, Bytes(MachineMode()))
        .Segment(Supervisor, Bytes(SupervisorMode()))
        .Segment(Handler, Bytes(ServeCall()))
        .Segment(Program, Bytes(UserProgram(exitCode)))
        .Segment(ToHost, [], size: 16)
        .Symbol("tohost", ToHost)
        .Symbol("fromhost", ToHost + 8)
        .Build();

    private static uint[] MachineMode() =>
    [
        // One PMP region over everything, naturally aligned, that may be read, written and executed.
        Li(T0, -1), Csrw(Pmpaddr0, T0), Li(T0, 0x1f), Csrw(Pmpcfg0, T0),
        // Exception 8 is ecall from U-mode.
        Li(T0, 1 << 8), Csrw(Medeleg, T0),
        // MPP = 1: mret goes to S-mode.
        .. LoadAddress(T0, 1 << 11), Csrrs(Zero, Mstatus, T0), .. LoadAddress(T0, Supervisor), Csrw(Mepc, T0), Mret,
    ];

    private static uint[] SupervisorMode() =>
    [
        .. LoadAddress(T0, Handler), Csrw(Stvec, T0),
        // SPP = 0: sret goes to U-mode.
        Li(T0, 1 << 8), Csrrc(Zero, Sstatus, T0), .. LoadAddress(T0, Program), Csrw(Sepc, T0), Sret,
    ];

    /// <summary>Serves the call in a7 with its argument in a0, and goes on behind the ecall.</summary>
    private static uint[] ServeCall()
    {
        uint[] print = [.. LoadAddress(T1, 0x0101UL << 48), Add(A0, A0, T1), Sd(A0, T0, 0)];
        uint[] exit = [Slli(A0, A0, 1), Addi(A0, A0, 1), Sd(A0, T0, 0), Jump(0)];
        return
        [
            .. LoadAddress(T0, ToHost), Bne(A7, Zero, (exit.Length + 1) * 4), .. exit,
            .. print, Csrr(T0, Sepc), Addi(T0, T0, 4), Csrw(Sepc, T0), Sret,
        ];
    }

    private static uint[] UserProgram(int exitCode) =>
    [
        .. Message.SelectMany(c => new[] { Li(A7, CallPrint), Li(A0, c), Ecall }),
        Li(A7, CallExit), Li(A0, exitCode), Ecall,
    ];
}
