using Xunit;
using static CloudLab.Machine.Tests.Litmus.LitmusRun;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Litmus;

/// <summary>What several harts see of each other's accesses, on real threads.</summary>
public sealed class LitmusTests
{
    private const uint FenceRwRw = 0x0330_000f, FenceRwW = 0x0310_000f, FenceRRw = 0x0230_000f, FenceWR = 0x0120_000f,
        FenceWW = 0x0110_000f, FenceRR = 0x0220_000f;

    private const uint AmoAdd = 0, AmoSwap = 1, Lr = 2, Sc = 3, AmoOr = 8;
    private const uint Aq = 1 << 26, Rl = 1 << 25, AqRl = Aq | Rl;

    private static readonly LitmusTest[] All =
    [
        new("MP+fences", MessageLost, [Put(X), FenceRwW, Put(Y)], [Ld(R0, Y, 0), FenceRRw, Ld(R1, X, 0)]),
        new("MP+fence.w.w+fence.r.r", MessageLost, [Put(X), FenceWW, Put(Y)], [Ld(R0, Y, 0), FenceRR, Ld(R1, X, 0)]),
        new("MP+words", MessageLost, [Sw(One, X, 4), FenceRwW, Sw(One, Y, 4)], [Lw(R0, Y, 4), FenceRRw, Lw(R1, X, 4)]),
        new("MP+addr", MessageLost, [Put(X), FenceWW, Put(Y)], [Ld(R0, Y, 0), .. DependentAddress, Ld(R1, T0, 0)]),
        new("MP+amo.rl+amo.aq", MessageLost, [Put(X), Swap(Zero, Y) | Rl], [Fetch(R0, Y) | Aq, Ld(R1, X, 0)]),
        new("MP+sc.rl+lr.aq", MessageLost, [Put(X), .. Conditionally(Y, 0, Rl)], [Amo(Lr, 3, R0, Y, Zero) | Aq, Ld(R1, X, 0)]),
        new("SB", _ => false, [Put(X), Ld(R0, Y, 0)], [Put(Y), Ld(R0, X, 0)]),
        new("SB+fences", BothMissed, [Put(X), FenceRwRw, Ld(R0, Y, 0)], [Put(Y), FenceRwRw, Ld(R0, X, 0)]),
        new("SB+fence.w.r", BothMissed, [Put(X), FenceWR, Ld(R0, Y, 0)], [Put(Y), FenceWR, Ld(R0, X, 0)]),
        new("SB+amo.aqrl as stores", BothMissed, [Swap(Zero, X) | AqRl, Ld(R0, Y, 0)], [Swap(Zero, Y) | AqRl, Ld(R0, X, 0)]),
        new("SB+amo.aqrl as loads", BothMissed, [Put(X), Fetch(R0, Y) | AqRl], [Put(Y), Fetch(R0, X) | AqRl]),
        new("SB+sc.aqrl as stores", BothMissed, [.. Conditionally(X, Aq, AqRl), Ld(R0, Y, 0)], [.. Conditionally(Y, Aq, AqRl), Ld(R0, X, 0)]),
        new("SB+lr.aqrl as loads", BothMissed, [Put(X), Amo(Lr, 3, R0, Y, Zero) | AqRl], [Put(Y), Amo(Lr, 3, R0, X, Zero) | AqRl]),
        new("SB+lr.w.aqrl as loads", BothMissed, [Put(X), Amo(Lr, 2, R0, Y, Zero) | AqRl], [Put(Y), Amo(Lr, 2, R0, X, Zero) | AqRl]),
        new("LB+fences", BothEarly, [Ld(R0, X, 0), FenceRwRw, Put(Y)], [Ld(R0, Y, 0), FenceRwRw, Put(X)]),
        new("LB+data", BothEarly, [Ld(R0, X, 0), .. PutDependent(Y)], [Ld(R0, Y, 0), .. PutDependent(X)]),
        new("LB+amo.aq+amo.rl", BothEarly, [Fetch(R0, X) | Aq, Put(Y)], [Ld(R0, Y, 0), Swap(Zero, X) | Rl]),
        new("IRIW+fences", OrdersDiffer, [Put(X)], [Put(Y)], [Ld(R0, X, 0), FenceRwRw, Ld(R1, Y, 0)], [Ld(R0, Y, 0), FenceRwRw, Ld(R1, X, 0)]),
        new("IRIW+amos", OrdersDiffer, [Swap(Zero, X)], [Swap(Zero, Y)], [Fetch(R0, X) | Aq, Ld(R1, Y, 0)], [Fetch(R0, Y) | Aq, Ld(R1, X, 0)]),
        new("2+2W+fences", FirstsStay, [Put(X), FenceRwRw, Sd(Two, Y, 0)], [Put(Y), FenceRwRw, Sd(Two, X, 0)]),
        new("2+2W+amo.rl", FirstsStay, [Put(X), Amo(AmoSwap, 3, Zero, Y, Two) | Rl], [Put(Y), Amo(AmoSwap, 3, Zero, X, Two) | Rl]),
        new("CoRR", o => GoesBack(o.H1) || GoesBack(o.H2), [Put(X)], [Ld(R0, X, 0), Ld(R1, X, 0)], [Ld(R0, X, 0), Ld(R1, X, 0)]),
        new("CoRR+amo+lr", o => GoesBack(o.H1) || GoesBack(o.H2), [Swap(Zero, X)], [Fetch(R0, X), Ld(R1, X, 0)], [Amo(Lr, 3, R0, X, Zero), Ld(R1, X, 0)]),
        new("CoWW+CoRR", o => o.X != 2 || GoesBack(o.H1), [Put(X), Sd(Two, X, 0)], [Ld(R0, X, 0), Ld(R1, X, 0)]),
        new("CoWR", o => o.H0.R0 == 0 || o.H1.R0 == 0, [Put(X), Ld(R0, X, 0)], [Sd(Two, X, 0), Ld(R0, X, 0)]),
        new("WRC+fences", ChainBroken, [Put(X)], [Ld(R0, X, 0), FenceRwRw, Put(Y)], [Ld(R0, Y, 0), FenceRwRw, Ld(R1, X, 0)]),
        new("WRC+amo.rl+lr.aq", ChainBroken, [Put(X)], [Ld(R0, X, 0), Swap(Zero, Y) | Rl], [Amo(Lr, 3, R0, Y, Zero) | Aq, Ld(R1, X, 0)]),
        new("WRC+data+addr", ChainBroken, [Put(X)], [Ld(R0, X, 0), .. PutDependent(Y)], [Ld(R0, Y, 0), .. DependentAddress, Ld(R1, T0, 0)]),
        new("one swap finds it free", o => Seen(o, 0) != 1, [Swap(R0, X)], [Swap(R0, X)], [Swap(R0, X)], [Swap(R0, X)]),
        new("additions see each sum once", o => o.X != 4 || Seen(o, 0) != 1 || Seen(o, 1) != 1 || Seen(o, 2) != 1, Count, Count, Count, Count),
        new("an sc that succeeds counts", o => o.X != (ulong)Seen(o, 0), TryCount, TryCount, TryCount, TryCount),
    ];

    public static TheoryData<string> Names => [.. All.Select(test => test.Name)];

    private static uint[] DependentAddress => [R(0, 4, 0x33, T0, R0, R0), Add(T0, T0, X)];

    private static uint[] Count => [Amo(AmoAdd, 3, R0, X, One)];

    private static uint[] TryCount => [Amo(Lr, 3, T0, X, Zero), Add(T0, T0, One), Amo(Sc, 3, R0, X, T0)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_forbidden_outcome_is_never_seen(string name)
    {
        LitmusTest test = All.Single(test => test.Name == name);
        Dictionary<Outcome, int> histogram = Run(test);
        string shown = string.Join('\n', histogram
            .OrderByDescending(entry => entry.Value)
            .Select(entry => $"{entry.Value,6} {entry.Key}{(test.IsForbidden(entry.Key) ? "  forbidden" : "")}"));
        TestContext.Current.TestOutputHelper?.WriteLine(shown);
        Assert.Equal(Rounds, histogram.Values.Sum());
        Assert.False(histogram.Keys.Any(test.IsForbidden), $"{name}:\n{shown}");
    }

    private static bool MessageLost(Outcome o) => o.H1 is (1, 0);

    private static bool BothMissed(Outcome o) => (o.H0.R0, o.H1.R0) is (0, 0);

    private static bool BothEarly(Outcome o) => (o.H0.R0, o.H1.R0) is (1, 1);

    private static bool OrdersDiffer(Outcome o) => (o.H2, o.H3) is ((1, 0), (1, 0));

    private static bool FirstsStay(Outcome o) => (o.X, o.Y) is (1, 1);

    private static bool ChainBroken(Outcome o) => (o.H1.R0, o.H2) is (1, (1, 0));

    private static bool GoesBack((ulong R0, ulong R1) reads) => reads.R1 < reads.R0;

    private static int Seen(Outcome o, ulong value) => new[] { o.H0, o.H1, o.H2, o.H3 }.Count(hart => hart.R0 == value);

    private static uint Put(uint location) => Sd(One, location, 0);

    private static uint Swap(uint old, uint location) => Amo(AmoSwap, 3, old, location, One);

    private static uint Fetch(uint value, uint location) => Amo(AmoOr, 3, value, location, Zero);

    /// <summary>Stores one that depends on what was read.</summary>
    private static uint[] PutDependent(uint location) => [R(0, 4, 0x33, T0, R0, R0), Add(T0, T0, One), Sd(T0, location, 0)];

    /// <summary>Stores one by LR and SC.</summary>
    private static uint[] Conditionally(uint location, uint ofLr, uint ofSc) =>
        [Amo(Lr, 3, T0, location, Zero) | ofLr, Amo(Sc, 3, T1, location, One) | ofSc, Bne(T1, Zero, -8)];
}
