using System.Buffers.Binary;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Guest.Tests.Machine;

/// <summary>
/// A static riscv64 Linux program, assembled here so that no toolchain is needed: threads add to shared words by AMO, by
/// LR/SC and under a spin lock, while the first one maps and unmaps memory, so that the kernel shoots down translations on
/// all vCPUs. It prints <c>OK</c> and exits with 0 when every sum is right.
/// </summary>
internal static class ThreadsProgram
{
    private const int Threads = 4;
    private const ulong Loops = 100_000;

    private const ulong Base = 0x1_0000;
    private const ulong Shared = 0x2_0000;
    private const int HeaderSize = 64 + 56;

    // The shared words, by offset: three cache lines and the text.
    private const int ByAmo = 0, ByAmoWord = 8, ByReservation = 16, Lock = 64, UnderLock = 72, Done = 128, Text = 192;

    private const int SchedYield = 124, Write = 64, Exit = 93, ExitGroup = 94, MemoryUnmap = 215, Clone = 220, MemoryMap = 222;

    // CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD and _SYSVSEM, as for any thread.
    private const ulong CloneFlags = 0x5_0f00;

    private const int PagesAtOnce = 4;
    private const int ReadWrite = 3, PrivateAnonymous = 0x22;
    private const uint AmoAdd = 0, AmoSwap = 1, Lr = 2, Sc = 3, Aq = 1 << 26, Rl = 1 << 25;

    /// <summary>The program's ELF file.</summary>
    public static byte[] Build()
    {
        uint[] worker = Worker();
        uint[] start = [.. LoadAddress(S0, Shared), .. LoadAddress(S2, Threads)];
        uint[] spawn = [.. LoadAddress(A0, CloneFlags), Li(A1, 0), Li(A2, 0), Li(A3, 0), Li(A4, 0), Li(A7, Clone), Ecall];
        uint[] code =
        [
            // A new thread falls through to its work, the first one jumps over it.
            .. start, .. spawn, Bne(A0, Zero, 4 + (4 * worker.Length)),
            .. worker, Addi(S2, S2, -1), Bne(S2, Zero, -4 * (spawn.Length + worker.Length + 2)),
            .. MapUntilDone(), .. Check(),
        ];
        return Link(code);
    }

    private static uint[] Worker() =>
    [
        .. LoadAddress(S1, Loops), Li(T1, 1), Addi(S3, S0, ByAmoWord), Addi(S4, S0, ByReservation), Addi(A5, S0, Lock),
        Amo(AmoAdd, 3, Zero, S0, T1), Amo(AmoAdd, 2, Zero, S3, T1),
        Amo(Lr, 3, T2, S4, Zero), Add(T2, T2, T1), Amo(Sc, 3, T3, S4, T2), Bne(T3, Zero, -12),
        Amo(AmoSwap, 2, T2, A5, T1) | Aq, Beq(T2, Zero, 16), Li(A7, SchedYield), Ecall, Jump(-16),
        Ld(T2, S0, UnderLock), Addi(T2, T2, 1), Sd(T2, S0, UnderLock), Amo(AmoSwap, 2, Zero, A5, Zero) | Rl,
        Addi(S1, S1, -1), Bne(S1, Zero, -64),
        Addi(T0, S0, Done), Amo(AmoAdd, 3, Zero, T0, T1) | Rl, Li(A0, 0), Li(A7, Exit), Ecall,
    ];

    private static uint[] MapUntilDone()
    {
        uint[] touch = [.. Enumerable.Range(0, PagesAtOnce).SelectMany(_ => new[] { Sd(A0, A0, 0), Add(A0, A0, S3) })];
        uint[] round =
        [
            Li(A0, 0), .. LoadAddress(A1, PagesAtOnce * 4096), Li(A2, ReadWrite), Li(A3, PrivateAnonymous), Li(A4, -1), Li(A5, 0), Li(A7, MemoryMap), Ecall,
            Add(S2, A0, Zero), .. LoadAddress(S3, 4096), .. touch,
            Add(A0, S2, Zero), .. LoadAddress(A1, PagesAtOnce * 4096), Li(A7, MemoryUnmap), Ecall,
            Ld(T0, S0, Done), Li(T1, Threads),
        ];
        return [.. round, Bne(T0, T1, -4 * round.Length)];
    }

    private static uint[] Check()
    {
        uint[] print = [.. LoadAddress(T0, 'O' | 'K' << 8 | '\n' << 16), Sd(T0, S0, Text), Li(A0, 1), Addi(A1, S0, Text), Li(A2, 3), Li(A7, Write), Ecall];
        int[] sums = [ByAmo, ByAmoWord, ByReservation, UnderLock];
        var code = new List<uint>([.. LoadAddress(T1, Threads * Loops), Li(S1, 1)]);
        for (int i = 0; i < sums.Length; i++)
            code.AddRange([Ld(T0, S0, sums[i]), Bne(T0, T1, 4 + (8 * (sums.Length - 1 - i)) + (4 * (print.Length + 1)))]);
        return [.. code, .. print, Li(S1, 0), Add(A0, S1, Zero), Li(A7, ExitGroup), Ecall];
    }

    /// <summary>One segment, readable, writable and executable, that reaches to the end of the shared words.</summary>
    private static byte[] Link(uint[] code)
    {
        byte[] image = new byte[HeaderSize + (code.Length * 4)];
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(image);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(16), 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(18), 243); // EM_RISCV
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(24), Base + HeaderSize); // entry
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(32), 64); // program headers
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(48), 4); // EF_RISCV_FLOAT_ABI_DOUBLE
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(52), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(56), 1);
        Span<byte> segment = image.AsSpan(64);
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 7); // RWX
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)image.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], Shared + 4096 - Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
        Bytes(code).CopyTo(image, HeaderSize);
        return image;
    }
}
