using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Benchmarks;

/// <summary>
/// Guest programs of integer instructions: flat code, entered in S-mode without translation, that writes
/// <see cref="Done"/> to the serial line at its end and waits.
/// </summary>
internal static class IntegerLoops
{
    // Free RAM behind the code in a machine of 128 MiB.
    private const uint Sieve = 0x8200_0000, StackTop = 0x8300_0000;
    private const ulong Uart = 0x1000_0000;

    /// <summary>A character that no firmware's banner has.</summary>
    public const byte Done = (byte)'~';

    public static IReadOnlyList<(string Name, byte[] Code)> All { get; } =
    [
        ("mix", Program(Mix())),
        ("sieve", Program(SieveOfEratosthenes())),
        ("calls", Program(Calls())),
    ];

    /// <summary>Ends at once: what the machine around a program costs.</summary>
    public static byte[] Nothing { get; } = Program([]);

    /// <summary>Arithmetic on registers: 10 instructions, 25 million times.</summary>
    private static uint[] Mix() =>
    [
        .. LoadAddress(S0, 25_000_000), .. LoadAddress(A1, 0x9e37_79b9_7f4a_7c15), Li(T0, 1),
        R(1, 0, 0x33, T0, T0, A1), // mul
        Add(T0, T0, S0),
        I(5, 0x13, T1, T0, 17), // srli
        R(0, 4, 0x33, T0, T0, T1), // xor
        Slli(T1, T0, 5),
        Add(T0, T0, T1),
        R(0, 3, 0x33, T2, T0, A1), // sltu
        Add(T0, T0, T2),
        Addi(S0, S0, -1),
        Bne(S0, Zero, -36),
    ];

    /// <summary>Byte stores with strides and byte loads: the primes below 65,536, 400 times.</summary>
    private static uint[] SieveOfEratosthenes() =>
    [
        Li(S0, 400), .. LoadAddress(A0, Sieve), Lui(A1, 0x1_0000), Add(A1, A0, A1), Li(A2, 1), Li(A3, 256),
        Addi(T0, A0, 0), // clear:
        Sd(Zero, T0, 0),
        Addi(T0, T0, 8),
        Bltu(T0, A1, -8),
        Li(T1, 2), // next p:
        Add(T2, A0, T1),
        Lbu(T3, T2, 0),
        Bne(T3, Zero, 24), // to p + 1
        R(1, 0, 0x33, T2, T1, T1), // mul
        Add(T2, A0, T2),
        Sb(A2, T2, 0),
        Add(T2, T2, T1),
        Bltu(T2, A1, -8),
        Addi(T1, T1, 1), // p + 1
        Bltu(T1, A3, -36),
        Addi(S0, S0, -1),
        Bne(S0, Zero, -64),
    ];

    /// <summary>Calls and returns with stores and loads on a stack: the 33rd Fibonacci number the slow way.</summary>
    private static uint[] Calls() =>
    [
        .. LoadAddress(Sp, StackTop), Li(A0, 33), Jal(Ra, 8),
        Jump(76), // behind the function
        Li(T0, 2),
        Bltu(A0, T0, 64), // to the return
        Addi(Sp, Sp, -32),
        Sd(Ra, Sp, 0),
        Sd(S0, Sp, 8),
        Sd(S1, Sp, 16),
        Addi(S0, A0, 0),
        Addi(A0, A0, -1),
        Jal(Ra, -32),
        Addi(S1, A0, 0),
        Addi(A0, S0, -2),
        Jal(Ra, -44),
        Add(A0, A0, S1),
        Ld(Ra, Sp, 0),
        Ld(S0, Sp, 8),
        Ld(S1, Sp, 16),
        Addi(Sp, Sp, 32),
        Jalr(Zero, Ra, 0), // return
    ];

    private static byte[] Program(uint[] code) =>
        Bytes([.. code, .. LoadAddress(A0, Uart), Li(A1, Done), Sb(A1, A0, 0), Wfi, Jump(-4)]);
}
