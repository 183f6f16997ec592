using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Tests.Rv64;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Litmus;

/// <summary>
/// Message passing where the message is code: a hart writes a function and then its number; who read the number, and
/// fenced, must not find an older function.
/// </summary>
public sealed class PatchedCodeTests
{
    private const ulong Function = TestHart.Ram + 0x1_0000;
    private const ulong OtherPage = TestHart.Ram + 0x2_0000;
    private const ulong Failures = TestHart.Ram + 0x3_0000;
    private const ulong AllHarts = ulong.MaxValue;
    private const uint S5 = 21, S6 = 22;

    [Theory]
    [InlineData(2, OtherPage, false)]
    [InlineData(3, OtherPage, false)]
    [InlineData(2, Function + 64, false)]
    [InlineData(2, OtherPage, true)]
    [InlineData(3, OtherPage, true)]
    public void No_older_code_runs_after_a_fence(int harts, ulong number, bool isFencedByWriter)
    {
        // A function is "lui a0, number; ret", so numbers have their low 12 bits clear.
        ulong last = (isFencedByWriter ? 3000UL : 200_000) << 12;
        using var machine = new TestMachine(harts);
        machine.Write(Function, Lui(A0, 0), Jalr(Zero, Ra, 0));
        HartThreads.Run(machine, [Writer(number, last, isFencedByWriter), .. Enumerable.Range(1, harts - 1).Select(hart => Reader(hart, number, last, !isFencedByWriter))]);
        for (int hart = 1; hart < harts; hart++) Assert.Equal(0UL, HartThreads.Read64(machine, Failures + (8 * (ulong)hart)));
        Assert.Equal(last, HartThreads.Read64(machine, number));
    }

    private static uint[] Writer(ulong number, ulong last, bool fencesOthers)
    {
        uint[] remoteFence = [.. LoadAddress(A7, SbiExtension.RemoteFence), Li(A6, 0), .. LoadAddress(A1, AllHarts), Ecall];
        // A hart heeds others between blocks only: a long one leaves time for everything to happen before.
        uint[] straight = [.. Enumerable.Repeat(Nop, 25)];
        uint[] patch =
        [
            .. straight, Add(S2, S2, S3), Add(S4, S4, S3), Sw(S4, S0, 0), 0x0310_000f, // the next function
            .. fencesOthers ? remoteFence : [],
            Sd(S2, S1, 0), .. straight,
            .. GuestRandom.Next(S5, T1), I(7, 0x13, T0, S5, 31), Beq(T0, Zero, 12), Addi(T0, T0, -1), Jump(-8),
        ];
        return
        [
            .. LoadAddress(S0, Function), .. LoadAddress(S1, number), .. LoadAddress(S3, 1 << 12), .. LoadAddress(S4, Lui(A0, 0)),
            .. LoadAddress(S5, 0x9e37_79b9_7f4a_7c15), .. LoadAddress(S6, last), Li(S2, 0),
            .. patch, Bne(S2, S6, -4 * patch.Length), Wfi, Jump(-4),
        ];
    }

    private static uint[] Reader(int hart, ulong number, ulong last, bool isFencing) =>
    [
        .. LoadAddress(S0, Function), .. LoadAddress(S1, number), .. LoadAddress(S2, last), .. LoadAddress(S3, Failures), Li(S4, 0),
        Ld(T0, S1, 0), isFencing ? FenceI : 0x0230_000f, Jalr(Ra, S0, 0), B(7, A0, T0, 8), Addi(S4, S4, 1), Bne(T0, S2, -20),
        Sd(S4, S3, 8 * hart), Wfi, Jump(-4),
    ];
}
