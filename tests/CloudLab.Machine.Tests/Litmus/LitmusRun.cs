using System.Buffers.Binary;
using CloudLab.Machine.Tests.Rv64;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Litmus;

/// <summary>
/// Runs a litmus test many times, each round in a place of its own, so that nothing has to be synchronised for the result
/// to be right. The harts keep near each other by waiting a while, but not for ever, for those that are behind, and then
/// start after a random delay.
/// </summary>
internal static class LitmusRun
{
    /// <summary>The addresses of the two locations, on cache lines of their own.</summary>
    public const uint X = S0, Y = A6;

    /// <summary>Constants.</summary>
    public const uint One = A2, Two = A3;

    /// <summary>What a hart saw; zero unless it is written. T0 to T2 are free.</summary>
    public const uint R0 = A4, R1 = A5;

    /// <summary>How often a test is tried: in runs, because how the host places the threads is decided anew in each.</summary>
    public const int Rounds = Runs * RoundsOfRun;

    private const int Runs = 8, RoundsOfRun = 15_000;
    private const int PlaceSize = 256, OffsetOfY = 64, OffsetOfResults = 128, ResultSize = 16;
    private const int Patience = 100;
    private const int LongestDelay = 15;
    private const ulong Places = TestHart.Ram + 0x40_0000;
    private const ulong Positions = TestHart.Ram + 0x8000;
    private const int PositionSize = 64;

    /// <summary>How often each outcome was seen.</summary>
    public static Dictionary<Outcome, int> Run(LitmusTest test)
    {
        var histogram = new Dictionary<Outcome, int>();
        for (int run = 0; run < Runs; run++)
        {
            using var machine = new TestMachine(test.Harts.Length);
            HartThreads.Run(machine, [.. Enumerable.Range(0, test.Harts.Length).Select(hart => Program(test, hart, run))]);
            byte[] places = HartThreads.Read(machine, Places, RoundsOfRun * PlaceSize);
            for (int round = 0; round < RoundsOfRun; round++)
            {
                Outcome outcome = Read(places.AsSpan(round * PlaceSize, PlaceSize));
                histogram[outcome] = histogram.GetValueOrDefault(outcome) + 1;
            }
        }

        return histogram;
    }

    private static Outcome Read(ReadOnlySpan<byte> place)
    {
        Span<(ulong, ulong)> results = stackalloc (ulong, ulong)[4];
        for (int hart = 0; hart < results.Length; hart++)
        {
            ReadOnlySpan<byte> result = place[(OffsetOfResults + (hart * ResultSize))..];
            results[hart] = (BinaryPrimitives.ReadUInt64LittleEndian(result), BinaryPrimitives.ReadUInt64LittleEndian(result[8..]));
        }

        ulong x = BinaryPrimitives.ReadUInt64LittleEndian(place), y = BinaryPrimitives.ReadUInt64LittleEndian(place[OffsetOfY..]);
        return new Outcome(x, y, results[0], results[1], results[2], results[3]);
    }

    private static uint[] Program(LitmusTest test, int hart, int run)
    {
        const uint Remaining = S1, Seed = S2, AllPositions = S3, Position = S4;
        var peers = new List<uint>();
        int lengthOfPeers = 8 * (test.Harts.Length - 1);
        for (int peer = 0; peer < test.Harts.Length; peer++)
            if (peer != hart)
                peers.AddRange([Ld(T1, AllPositions, peer * PositionSize), Bltu(T1, Position, -8 - (4 * peers.Count) - 4)]);
        uint[] round =
        [
            Addi(Position, Position, 1), Sd(Position, AllPositions, hart * PositionSize),
            Li(T0, Patience), Addi(T0, T0, -1), Beq(T0, Zero, 4 + lengthOfPeers), .. peers,
            .. GuestRandom.Next(Seed, T1), I(7, 0x13, T0, Seed, LongestDelay), Beq(T0, Zero, 12), Addi(T0, T0, -1), Jump(-8),
            Addi(Y, X, OffsetOfY), Li(R0, 0), Li(R1, 0),
            .. test.Harts[hart],
            Sd(R0, X, OffsetOfResults + (hart * ResultSize)), Sd(R1, X, OffsetOfResults + (hart * ResultSize) + 8),
            Addi(X, X, PlaceSize), Addi(Remaining, Remaining, -1),
        ];
        return
        [
            .. LoadAddress(X, Places), .. LoadAddress(Remaining, RoundsOfRun), .. LoadAddress(AllPositions, Positions),
            .. LoadAddress(Seed, 0x9e37_79b9_7f4a_7c15 * (ulong)((run * test.Harts.Length) + hart + 1)), Li(Position, 0), Li(One, 1), Li(Two, 2),
            .. round, Bne(Remaining, Zero, -4 * round.Length), Wfi, Jump(-4),
        ];
    }
}
