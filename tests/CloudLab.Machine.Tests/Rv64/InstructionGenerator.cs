using CsCheck;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Random instructions, all of them legal and none leaving straight-line code.</summary>
internal static class InstructionGenerator
{
    /// <summary>The register that memory instructions address by and that nothing writes.</summary>
    public const uint Base = 8;

    private static readonly uint[] ComputeFunctions =
        [0x000, 0x100, 0x001, 0x002, 0x003, 0x004, 0x005, 0x105, 0x006, 0x007, 0x008, 0x009, 0x00a, 0x00b, 0x00c, 0x00d, 0x00e, 0x00f];

    private static readonly uint[] WordFunctions = [0x000, 0x100, 0x001, 0x005, 0x105, 0x008, 0x00c, 0x00d, 0x00e, 0x00f];

    private static readonly Gen<uint> Register = Gen.UInt[0, 31];
    private static readonly Gen<uint> Destination = Gen.UInt[0, 30].Select(r => r >= Base ? r + 1 : r);

    private static readonly Gen<int> Immediate = Gen.Frequency(
        (1, Gen.OneOf(0, 1, -1, 2047, -2048, 31, 32, 63)), (1, Gen.Int[-2048, 2047]));

    /// <summary>R-type of OP and OP-32, M included. A function is funct7's bit 5 and bit 0 over funct3.</summary>
    private static readonly Gen<uint> Compute = Gen.Select(
        Gen.OneOf(
            Gen.OneOf(ComputeFunctions).Select(f => (Opcode: 0x33u, Function: f)),
            Gen.OneOf(WordFunctions).Select(f => (Opcode: 0x3bu, Function: f))),
        Destination, Register, Register,
        (operation, rd, rs1, rs2) =>
            R(operation.Function >> 8 << 5 | (operation.Function >> 3 & 1), operation.Function & 7, operation.Opcode, rd, rs1, rs2));

    private static readonly Gen<uint> ComputeImmediate = Gen.Select(
        Gen.UInt[0, 12], Destination, Register, Immediate,
        (function, rd, rs1, immediate) => function switch
        {
            1 => I(1, 0x13, rd, rs1, immediate & 63),
            5 => I(5, 0x13, rd, rs1, immediate & 63),
            8 => I(5, 0x13, rd, rs1, immediate & 63 | 0x400),
            9 => I(0, 0x1b, rd, rs1, immediate),
            10 => I(1, 0x1b, rd, rs1, immediate & 31),
            11 => I(5, 0x1b, rd, rs1, immediate & 31),
            12 => I(5, 0x1b, rd, rs1, immediate & 31 | 0x400),
            _ => I(function, 0x13, rd, rs1, immediate),
        });

    private static readonly Gen<uint> Upper = Gen.Select(
        Gen.Bool, Destination, Gen.UInt, (isAuipc, rd, value) => isAuipc ? Auipc(rd, value) : Lui(rd, value));

    private static readonly Gen<uint> Memory = Gen.Select(
        Gen.UInt[0, 10], Destination, Register, Immediate,
        (function, rd, rs2, offset) => function <= 6 ? I(function, 0x03, rd, Base, offset) : S(function - 7, 0x23, rs2, Base, offset));

    // Without LR and SC: whether an SC succeeds after a store of its own hart is not specified.
    private static readonly Gen<uint> Atomic = Gen.Select(
        Gen.OneOf<uint>(0, 1, 4, 8, 12, 16, 20, 24, 28), Gen.UInt[2, 3], Destination, Register, Gen.UInt[0, 3],
        (function, width, rd, rs2, order) => R(function << 2 | order, width, 0x2f, rd, Base, rs2));

    /// <summary>OP, OP-IMM, OP-32, OP-IMM-32, LUI.</summary>
    public static readonly Gen<uint> Integer = Gen.Frequency(
        (4, Compute), (3, ComputeImmediate), (1, Upper.Where(i => (i & 0x7f) == 0x37)));

    /// <summary>As <see cref="Integer"/>, with AUIPC, loads, stores and atomics around <see cref="Base"/>.</summary>
    public static readonly Gen<uint> WithMemory = Gen.Frequency((4, Compute), (3, ComputeImmediate), (1, Upper), (4, Memory), (2, Atomic));
}
