using CloudLab.Machine.Boot.Firmware;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>A flat kernel of a few instructions, put together in the order of the calls.</summary>
internal sealed class GuestProgram
{
    /// <summary>Free RAM.</summary>
    public const ulong Scratch = 0x8200_0000;

    private const ulong Uart = 0x1000_0000;
    private readonly List<uint> _code = [];

    /// <summary>Bytes so far.</summary>
    public int Length => _code.Count * 4;

    public GuestProgram Add(params ReadOnlySpan<uint> code)
    {
        _code.AddRange(code);
        return this;
    }

    /// <summary>Writes to the serial line, one store for each byte.</summary>
    public GuestProgram Print(string text)
    {
        Add(LoadAddress(T0, Uart));
        foreach (char c in text) Add(Li(T1, c), Sb(T1, T0, 0));
        return this;
    }

    public GuestProgram Call(ulong extension, int function, int a0 = 0, int a1 = 0) =>
        Add(LoadAddress(A7, extension)).Add(Li(A6, function), Li(A0, a0), Li(A1, a1), Ecall);

    public GuestProgram PowerOff() => Call(SbiExtension.SystemReset, 0);

    public GuestProgram Reboot() => Call(SbiExtension.SystemReset, 0, 1);

    public GuestProgram Spin() => Add(Jump(0));

    public GuestProgram Sleep() => Add(Wfi, Jump(-4));

    /// <summary>For ever: waits for a byte on the serial line and answers with the 8 bytes of <c>time</c>.</summary>
    public GuestProgram AnswerWithTime()
    {
        Add(LoadAddress(T0, Uart));
        return Add(
            Lbu(T1, T0, 5), I(7, 0x13, T1, T1, 1), Beq(T1, Zero, -8), Lbu(T1, T0, 0), Csrr(T2, 0xc01), Li(T3, 8),
            Sb(T2, T0, 0), I(5, 0x13, T2, T2, 8), Addi(T3, T3, -1), Bne(T3, Zero, -12), Jump(-40));
    }

    public byte[] Build() => Bytes([.. _code]);
}
