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

    // Zba, Zbb and Zbs: opcode, funct7, funct3, and rs2 where it is fixed.
    private static readonly Gen<uint> Bits = Gen.Select(
        Gen.OneOf<(uint Opcode, uint Function7, uint Function3, uint? Rs2)>(
            (0x33, 0x20, 4, null), (0x33, 0x20, 6, null), (0x33, 0x20, 7, null), (0x33, 0x05, 4, null), (0x33, 0x05, 5, null),
            (0x33, 0x05, 6, null), (0x33, 0x05, 7, null), (0x33, 0x10, 2, null), (0x33, 0x10, 4, null), (0x33, 0x10, 6, null),
            (0x33, 0x14, 1, null), (0x33, 0x24, 1, null), (0x33, 0x34, 1, null), (0x33, 0x24, 5, null), (0x33, 0x30, 1, null),
            (0x33, 0x30, 5, null), (0x3b, 0x04, 0, null), (0x3b, 0x04, 4, 0), (0x3b, 0x10, 2, null), (0x3b, 0x10, 4, null),
            (0x3b, 0x10, 6, null), (0x3b, 0x30, 1, null), (0x3b, 0x30, 5, null), (0x13, 0x30, 1, 0), (0x13, 0x30, 1, 1),
            (0x13, 0x30, 1, 2), (0x13, 0x30, 1, 4), (0x13, 0x30, 1, 5), (0x1b, 0x30, 1, 0), (0x1b, 0x30, 1, 1), (0x1b, 0x30, 1, 2),
            (0x13, 0x14, 5, 7), (0x13, 0x35, 5, 24), (0x13, 0x14, 1, null), (0x13, 0x24, 1, null), (0x13, 0x34, 1, null),
            (0x13, 0x25, 5, null), (0x13, 0x24, 5, null), (0x13, 0x30, 5, null), (0x13, 0x31, 5, null), (0x1b, 0x04, 1, null),
            (0x1b, 0x05, 1, null), (0x1b, 0x30, 5, null)),
        Destination, Register, Register,
        (operation, rd, rs1, rs2) => R(operation.Function7, operation.Function3, operation.Opcode, rd, rs1, operation.Rs2 ?? rs2));

    private static readonly Gen<uint> Conditional = Gen.Select(
        Gen.Bool, Destination, Register, Register, (isZero, rd, rs1, rs2) => R(7, isZero ? 5u : 7, 0x33, rd, rs1, rs2));

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
    public static readonly Gen<uint> WithMemory = Gen.Frequency(
        (4, Compute), (3, ComputeImmediate), (3, Bits), (1, Upper), (4, Memory), (2, Atomic));

    /// <summary>As <see cref="WithMemory"/>, with Zicond.</summary>
    public static readonly Gen<uint> Any = Gen.Frequency((16, WithMemory), (1, Conditional));

    private static readonly Gen<uint> RoundingMode = Gen.OneOf<uint>(0, 1, 2, 3, 4, 7);

    private static readonly Gen<uint> FloatRounded = Gen.Select(
        Gen.OneOf<(uint Function, uint Rs2Count)>(
            (0x00, 32), (0x04, 32), (0x08, 32), (0x0c, 32), (0x2c, 1), (0x60, 4), (0x68, 4)),
        Gen.UInt[0, 1], Destination, Register, Register, RoundingMode,
        (operation, format, rd, rs1, rs2, rm) => R(operation.Function | format, rm, 0x53, rd, rs1, rs2 % operation.Rs2Count));

    private static readonly Gen<uint> FloatExact = Gen.Select(
        Gen.OneOf<(uint Function, uint Functions3, uint Rs2Count)>(
            (0x10, 3, 32), (0x14, 2, 32), (0x50, 3, 32), (0x70, 2, 1), (0x78, 1, 1)),
        Gen.UInt[0, 1], Destination, Register, Register, Gen.UInt[0, 5],
        (operation, format, rd, rs1, rs2, f3) =>
            R(operation.Function | format, f3 % operation.Functions3, 0x53, rd, rs1, rs2 % operation.Rs2Count));

    private static readonly Gen<uint> FloatOther = Gen.Select(
        Gen.UInt[0, 9], Register, Register, Register, Register, RoundingMode, Gen.Int[-2048, 2047],
        (choice, rd, rs1, rs2, rs3, rm, offset) => choice switch
        {
            <= 3 => R(rs3 << 2 | (rs1 & 1), rm, 0x43 + (4 * choice), rd, rs1, rs2),
            4 => R(0x20, rm, 0x53, rd, rs1, 1),
            5 => R(0x21, rm, 0x53, rd, rs1, 0),
            6 => Fld(rd, Base, offset),
            7 => Flw(rd, Base, offset),
            8 => (rs1 & 1) == 0 ? Fsd(rd, Base, offset) : Fsw(rd, Base, offset),
            _ => Csrrwi(rd == Base ? 0 : rd, rs1 % 3 == 0 ? 1u : 2, rs1 % 3 == 0 ? rs2 : rs2 % 5),
        });

    /// <summary>F and D, with their CSRs; frm stays valid.</summary>
    public static readonly Gen<uint> Float = Gen.Frequency((3, FloatRounded), (2, FloatExact), (3, FloatOther));
}
