using System.Buffers.Binary;
using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Tests.Rv64;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Litmus;

/// <summary>
/// Hart 0 moves one virtual page between two physical ones; the others do random atomics on it, wait out its absence in
/// their trap handler, and take two locks in each loop. What both physical pages hold together is the result.
/// </summary>
internal sealed class TortureGuest : IDisposable
{
    /// <summary>How often each worker does its operations; odd, so that a repeated XOR is one.</summary>
    public const int Loops = 1501;

    private const int Operations = 40;
    private const ulong Tables = TestHart.Ram + 0x10_0000, Locks = TestHart.Ram + 0x11_0000, Pages = TestHart.Ram + 0x12_0000, Handler = TestHart.Ram + 0x13_0000;
    private const ulong Window = 0x4000_0000, Entry = Tables + 0x2000;
    private const int Ticket = 0, Flag = 64, Done = 128, MoveCount = 136, LateCount = 144, Ready = 152, Results = 256, ResultSize = 32;
    private const uint S5 = 21, S6 = 22, S7 = 23;
    private const uint FenceRRw = 0x0230_000f, FenceRwW = 0x0310_000f;
    private const uint Lr = 2, Sc = 3, Aq = 1 << 26, Rl = 1 << 25;

    private readonly TestMachine _machine;
    private readonly SharedWord[] _words;
    private readonly Dictionary<SharedWord, ulong> _expected;
    private readonly Random _random;
    private readonly int _harts;

    public TortureGuest(int harts, int seed)
    {
        _harts = harts;
        _random = new Random(seed);
        _machine = new TestMachine(harts);
        _words = [.. Words()];
        _expected = _words.ToDictionary(word => word, word => word.Neutral);
        WriteTables();
        foreach (SharedWord word in _words)
            for (int page = 0; page < 2; page++)
                Write(Pages + ((ulong)page << 12) + (ulong)word.Offset, word.Neutral, word.Size);
        _machine.Write(
            Handler,
            Csrr(T5, Csr.Scause), B(5, T5, Zero, 12), Csrrci(Zero, Csr.Sip, 2), Addi(S7, S7, 1), // an interrupt, or the page is away
            Sret);
    }

    public int Workers => _harts - 1;

    public (ulong First, ulong Second) TicketCounters => (Read(Locks + Ticket + 8), Read(Locks + Ticket + 16));

    public (ulong First, ulong Second) FlagCounters => (Read(Locks + Flag + 8), Read(Locks + Flag + 16));

    public ulong LateWrites => Read(Locks + LateCount);

    public ulong Moves => Read(Locks + MoveCount);

    /// <summary>Whether each worker was interrupted.</summary>
    public IEnumerable<bool> Interrupts => Enumerable.Range(1, Workers).Select(hart => Result(hart, 2) != 0);

    /// <summary>Words that do not hold what they should.</summary>
    public IEnumerable<string> WrongWords
    {
        get
        {
            foreach (SharedWord word in _words)
            {
                ulong actual = word.Apply(Read(word, 0), Read(word, 1));
                if (word.Function != SharedWord.Swap && actual != _expected[word]) yield return $"{word}: {actual:x}, not {_expected[word]:x}";
            }

            // What was put is what was found, by whomever, and what is there still.
            foreach (bool isDouble in (bool[])[false, true])
            {
                ulong put = 0, found = 0;
                foreach (SharedWord word in _words.Where(word => word.Function == SharedWord.Swap && word.IsDouble == isDouble))
                {
                    put += _expected[word];
                    found += Read(word, 0) + Read(word, 1);
                }

                for (int hart = 1; hart <= Workers; hart++) found += Result(hart, isDouble ? 1 : 0);
                ulong difference = isDouble ? put - found : (uint)(put - found);
                if (difference != 0) yield return $"swaps, {(isDouble ? 64 : 32)} bits: {difference:x} too few";
            }
        }
    }

    public void Run() =>
        HartThreads.Run(_machine, [Mover(), .. Enumerable.Range(1, Workers).Select(Worker)]);

    public void Dispose() => _machine.Dispose();

    /// <summary>Two words for each kind and width, as near to each other as they fit, and far from the other ones.</summary>
    private static IEnumerable<SharedWord> Words()
    {
        foreach (int start in (int[])[0, 1024])
        {
            int offset = start;
            foreach (bool isDouble in (bool[])[true, false])
                foreach (uint function in SharedWord.Functions)
                {
                    yield return new SharedWord(function, isDouble, offset);
                    offset += isDouble ? 8 : 4;
                }
        }
    }

    /// <summary>All of RAM where it is, by one large page, and the window's tables.</summary>
    private void WriteTables()
    {
        Write(Tables + (2 * 8), TestHart.Ram >> 12 << 10 | PageTables.Kernel, 8);
        Write(Tables + (1 * 8), (Tables + 0x1000) >> 12 << 10 | PageTables.V, 8);
        Write(Tables + 0x1000, Entry >> 12 << 10 | PageTables.V, 8);
        Write(Entry, Leaf(0), 8);
    }

    private static ulong Leaf(int page) => (Pages >> 12) + (ulong)page << 10 | PageTables.Kernel;

    private static uint[] Start =>
    [
        .. LoadAddress(T0, 8UL << 60 | Tables >> 12), Csrw(Csr.Satp, T0), SfenceVma(Zero, Zero),
        .. LoadAddress(T0, Handler), Csrw(Csr.Stvec, T0), Csrrsi(Zero, Csr.Sie, 2), Csrrsi(Zero, Csr.Sstatus, 2),
        .. LoadAddress(S1, Locks),
    ];

    private uint[] Mover()
    {
        uint[] pause = [.. LoadAddress(T0, 500), Addi(T0, T0, -1), Bne(T0, Zero, -4)];
        uint[] move =
        [
            // Away, nowhere mapped; then to the second page; then straight to the first.
            Sd(Zero, S0, 0), SfenceVma(Zero, Zero), .. FenceOthers(0, 0), .. CheckQuiet(0), .. CheckQuiet(1),
            Sd(S3, S0, 0), .. pause,
            Sd(S2, S0, 0), .. LoadAddress(T0, Window), SfenceVma(T0, Zero), .. FenceOthers(Window, 4096), .. CheckQuiet(1),
            .. Call(SbiExtension.Ipi, 0, (1UL << _harts) - 2, 0),
            Ld(T0, S1, MoveCount), Addi(T0, T0, 1), Sd(T0, S1, MoveCount), .. pause,
            Ld(T0, S1, Done), Li(T1, Workers), Beq(T0, T1, 8),
        ];
        return
        [
            .. Start, .. LoadAddress(S0, Entry), .. LoadAddress(S2, Leaf(0)), .. LoadAddress(S3, Leaf(1)), Li(S4, 0),
            Li(T1, Workers), Ld(T0, S1, Ready), Bne(T0, T1, -4), // all of them take interrupts
            .. move, Jump(-4 * move.Length), Sd(S4, S1, LateCount), Wfi, Jump(-4),
        ];
    }

    private static uint[] FenceOthers(ulong start, ulong size) =>
        [.. LoadAddress(A2, start), .. LoadAddress(A3, size), .. Call(SbiExtension.RemoteFence, 1, 0, ulong.MaxValue)];

    private static uint[] Call(ulong extension, int function, ulong a0, ulong a1) =>
        [.. LoadAddress(A7, extension), Li(A6, function), .. LoadAddress(A0, a0), .. LoadAddress(A1, a1), Ecall];

    /// <summary>Counts when a page's words change while they are summed up twice.</summary>
    private static uint[] CheckQuiet(int page)
    {
        return [.. Sum(A4), .. Sum(A5), Beq(A4, A5, 8), Addi(S4, S4, 1)];

        uint[] Sum(uint sum) =>
        [
            .. LoadAddress(T0, Pages + ((ulong)page << 12)), Li(T1, 256), Li(sum, 0),
            Ld(T2, T0, 0), Add(sum, sum, T2), Addi(T0, T0, 8), Addi(T1, T1, -1), Bne(T1, Zero, -16),
        ];
    }

    private uint[] Worker(int hart)
    {
        List<uint> loop = [.. TakeTicket(), .. TakeFlag()];
        for (int i = 0; i < Operations; i++)
        {
            SharedWord word = _words[_random.Next(_words.Length)];
            ulong value = (ulong)_random.NextInt64() << 1 ^ (ulong)_random.Next();
            loop.AddRange([Addi(T0, S0, word.Offset), .. LoadAddress(T1, value), .. Operate(word)]);
            int times = word.Function is SharedWord.Add or SharedWord.Swap ? Loops : 1;
            for (int time = 0; time < times; time++) _expected[word] = word.Apply(_expected[word], word.Cut(value));
        }

        int results = Results + (hart * ResultSize);
        return
        [
            Li(S7, 0), .. Start, .. LoadAddress(S0, Window), Li(S2, Loops), Li(S5, 0), Li(S6, 0), .. Announce(Ready),
            Ld(T0, S1, MoveCount), Beq(T0, Zero, -4), // the page is being moved
            .. loop, Addi(S2, S2, -1), Beq(S2, Zero, 8), Jump(-4 * (loop.Count + 2)),
            Sd(S5, S1, results), Sd(S6, S1, results + 8), Sd(S7, S1, results + 16),
            .. Announce(Done), Wfi, Jump(-4),
        ];
    }

    private static uint[] Announce(int offset) => [Addi(T0, S1, offset), Li(T1, 1), Amo(SharedWord.Add, 3, Zero, T0, T1) | Rl];

    /// <summary>The operation with the value in T1 on the word at T0, by an AMO or, for a sum, also by LR and SC.</summary>
    private uint[] Operate(SharedWord word)
    {
        uint width = word.IsDouble ? 3u : 2;
        if (word.Function == SharedWord.Swap)
        {
            uint sum = word.IsDouble ? S6 : S5;
            return [Amo(SharedWord.Swap, width, T2, T0, T1), Add(sum, sum, T2)];
        }

        return word.Function == SharedWord.Add && _random.Next(2) == 0
            ? [Amo(Lr, width, T2, T0, Zero), Add(T2, T2, T1), Amo(Sc, width, T3, T0, T2), Bne(T3, Zero, -12)]
            : [Amo(word.Function, width, Zero, T0, T1)];
    }

    /// <summary>A lock of tickets drawn by an AMO, around two plain counters beside it.</summary>
    private static uint[] TakeTicket() =>
    [
        Li(T1, 1), Amo(SharedWord.Add, 2, T2, S1, T1), Lw(T3, S1, Ticket + 4), Bne(T3, T2, -4), FenceRRw,
        .. Increment(Ticket + 8), .. Increment(Ticket + 16),
        FenceRwW, Addi(T2, T2, 1), Sw(T2, S1, Ticket + 4),
    ];

    /// <summary>A lock that is tested and set by LR and SC.</summary>
    private static uint[] TakeFlag() =>
    [
        Addi(T0, S1, Flag), Li(T1, 1),
        Amo(Lr, 2, T2, T0, Zero) | Aq, Bne(T2, Zero, -4), Amo(Sc, 2, T2, T0, T1), Bne(T2, Zero, -12),
        .. Increment(Flag + 8), .. Increment(Flag + 16),
        Amo(SharedWord.Swap, 2, Zero, T0, Zero) | Rl,
    ];

    private static uint[] Increment(int offset) => [Ld(T4, S1, offset), Addi(T4, T4, 1), Sd(T4, S1, offset)];

    private ulong Read(ulong address) => HartThreads.Read64(_machine, address);

    private ulong Read(SharedWord word, int page) => word.Cut(Read(Pages + ((ulong)page << 12) + (ulong)word.Offset));

    private ulong Result(int hart, int number) => Read(Locks + Results + (ulong)((hart * ResultSize) + (number * 8)));

    private void Write(ulong address, ulong value, int size)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _machine.Memory.TryWrite(new GuestAddress(address), bytes.AsSpan(0, size));
    }
}
