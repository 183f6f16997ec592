using CloudLab.Machine.Rv64;
using CloudLab.Machine.Tests.Rv64.Reference;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>RV64IMAC against <see cref="ReferenceHart"/>, in M-mode.</summary>
public sealed class InstructionTests
{
    private const int RamSize = 64 << 10;
    private const ulong Trap = TestHart.Ram + 0xf000;
    private const ulong Data = TestHart.Ram + 0x5000;

    private static readonly Gen<ulong[]> Registers = EdgeValues.Any.Array[32];

    // Where code starts: at the end of a page too, so that instructions and blocks cross it. No store reaches it.
    private static readonly Gen<ulong> Start = Gen.OneOf(Gen.Const(0UL), Gen.ULong[0xf00 / 2, 0xfff / 2].Select(h => h * 2))
        .Select(offset => TestHart.Ram + 0x2000 + offset);

    private static readonly Gen<ulong> Base = Gen.OneOf(
        Gen.ULong[Data - 16, Data + 16], Gen.ULong[Data, Data + 0x1000], Gen.OneOf(TestHart.Ram + RamSize, TestHart.Ram, 0UL, ulong.MaxValue - 3));

    [Fact]
    public void Random_straight_code_does_what_the_specification_says()
    {
        using TestHart hart = NewHart();
        Gen.Select(InstructionGenerator.Any.Array[1, 100], Registers, Start, Base).Sample(
            (code, registers, start, address) =>
            {
                registers[InstructionGenerator.Base] = address;
                AssertSame(hart, start, Bytes(code), registers);
            },
            iter: 1500, threads: 1);
    }

    [Fact]
    public void Every_split_of_an_access_across_a_page_gives_the_same_bytes()
    {
        using TestHart hart = NewHart();
        var code = new List<uint>();
        for (int offset = -8; offset <= 8; offset++)
        {
            for (uint width = 0; width <= 3; width++) code.Add(S(width, 0x23, 10 + width, InstructionGenerator.Base, offset));
            for (uint width = 0; width <= 6; width++) code.Add(I(width, 0x03, 20 + width, InstructionGenerator.Base, offset));
        }

        EdgeValues.Any.Array[32].Sample(
            registers =>
            {
                registers[InstructionGenerator.Base] = Data;
                AssertSame(hart, TestHart.Ram + 0x2000, Bytes([.. code]), registers);
            },
            iter: 50, threads: 1);
    }

    [Fact]
    public void Branches_jumps_and_their_links_go_where_the_specification_says()
    {
        using TestHart hart = NewHart();
        Gen<uint> branch = Gen.Select(Gen.OneOf<uint>(0, 1, 4, 5, 6, 7), Gen.UInt[0, 31], Gen.UInt[0, 31], Gen.Int[1, 8],
            (f, rs1, rs2, distance) => B(f, rs1, rs2, distance * 4));
        Gen<uint> jump = Gen.Select(Gen.UInt[0, 7], Gen.Int[1, 8], (rd, distance) => Jal(rd, distance * 4));
        Gen<uint> any = Gen.Frequency((3, branch), (1, jump), (2, InstructionGenerator.Integer));
        Gen.Select(any.Array[1, 60], Registers, Start).Sample(
            (code, registers, start) => AssertSame(hart, start, Bytes([.. code, Nop, Nop, Nop, Nop, Nop, Nop, Nop, Nop]), registers),
            iter: 1000, threads: 1);
    }

    [Fact]
    public void An_indirect_jump_clears_bit_0_and_links_behind_itself_also_when_rd_is_rs1()
    {
        Gen.Select(Gen.OneOf<uint>(0, 1, 5, 10), Gen.OneOf<uint>(5, 10), Gen.Int[-2048, 2047]).Sample(
            (rd, rs1, offset) =>
            {
                using TestHart hart = TestHart.InMachineMode(Jalr(rd, rs1, offset));
                hart.SetX(rs1, TestHart.Ram + 0x2001 - (ulong)(long)offset);
                hart.Write(TestHart.Ram + 0x2000, Bytes(Jump(0)));
                hart.Run();
                Assert.Equal(TestHart.Ram + 0x2000, hart.Pc);
                if (rd != 0) Assert.Equal(TestHart.Ram + 4, hart.X(rd));
            },
            iter: 40, threads: 1);
    }

    [Fact]
    public void Random_halfwords_execute_or_trap_as_the_specification_says()
    {
        using TestHart hart = NewHart();
        // Everything but what leaves for the VMM (SYSTEM), floating point (off here) and what goes elsewhere.
        Gen<byte[]> compressed = Gen.UShort
            .Where(c => (c & 3) != 3 && ReferenceCompressed.Expand(c) is not Ebreak && !IsFloat(c))
            .Array[1, 40].Select(cs => cs.SelectMany(BitConverter.GetBytes).ToArray());
        Gen.Select(compressed, Registers, Start, Base, Base).Sample(
            (code, registers, start, address, stack) =>
            {
                registers[InstructionGenerator.Base] = address;
                registers[Sp] = stack;
                AssertSame(hart, start, code, registers);
            },
            iter: 2500, threads: 1);
    }

    [Fact]
    public void Random_words_execute_or_trap_as_the_specification_says()
    {
        using TestHart hart = NewHart();
        uint[] excluded = [0x73, 0x07, 0x27, 0x43, 0x47, 0x4b, 0x4f, 0x53];
        Gen<uint> words = Gen.Select(Gen.UInt, Gen.OneOf<uint>(0x03, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x2f, 0x33, 0x37, 0x3b, 0x63, 0x67, 0x6f),
                Gen.Int[0, 9], (any, opcode, choice) => choice == 0 ? any | 3 : (any & ~0x7fu) | opcode)
            .Where(i => !excluded.Contains(i & 0x7f) && (i & 0x707f) is not (0x100f or 0x200f));
        Gen.Select(words.Array[1, 20], Registers, Start).Sample(
            (code, registers, start) => AssertSame(hart, start, Bytes(code), registers), iter: 3000, threads: 1);
    }

    [Fact]
    public void An_instruction_across_two_pages_is_fetched_anew_when_the_second_page_changes()
    {
        using TestHart hart = TestHart.InMachineMode();
        ulong place = TestHart.Ram + 0xffe;
        hart.Write(place, Bytes(Addi(A0, A0, 1), Jump(0)));
        hart.Pc = place;
        hart.Run();
        Assert.Equal(1UL, hart.X(A0));
        // The same first half, another immediate.
        hart.Write(place + 2, Bytes(Addi(A0, A0, 32)).AsSpan(2));
        hart.Pc = place;
        hart.Run();
        Assert.Equal(33UL, hart.X(A0));
    }

    private static bool IsFloat(ushort c) => ReferenceCompressed.Expand(c) is { } i && (i & 0x7f) is 0x07 or 0x27;

    private static TestHart NewHart() => new(RamSize);

    /// <summary>Executes on both, until the code's end or a trap, and compares registers, memory, pc and the trap.</summary>
    private static void AssertSame(TestHart hart, ulong start, byte[] code, ulong[] registers)
    {
        byte[] memory = new byte[RamSize];
        for (int i = 0; i < 0x400; i++) memory[0x5000 - 0x200 + i] = (byte)(i * 37);
        code.CopyTo(memory, (int)(start - TestHart.Ram));
        int end = (int)(start - TestHart.Ram) + code.Length;
        Bytes(Jump(0)).CopyTo(memory, end);
        Bytes(Jump(0)).CopyTo(memory, (int)(Trap - TestHart.Ram));

        hart.StartMachineWith(start, memory, registers);
        hart.WriteCsr(Csr.Mtvec, Trap);
        var reference = new ReferenceHart(TestHart.Ram, (byte[])memory.Clone()) { Pc = start };
        for (int i = 1; i < 32; i++) reference.X[i] = registers[i];

        (int Cause, ulong Value)? trap = null;
        ulong fetchLimit = TestHart.Ram + RamSize - 4;
        bool inside = true;
        for (int steps = 0; steps < 500 && trap is null; steps++)
        {
            ulong before = reference.Pc;
            inside = before >= TestHart.Ram && before <= fetchLimit;
            if (!inside) break;
            trap = reference.Step();
            if (trap is null && reference.Pc == before) break;
        }

        hart.Vcpu.Run(inside ? 2000 : 100);
        // Code that ran away from RAM, or in circles, ends at no comparable point.
        if (!inside || (trap is null && !IsSelfJump(reference))) return;
        Assert.Equal(trap is null ? reference.Pc : Trap, hart.Pc);
        if (trap is { } expected)
        {
            Assert.Equal((ulong)expected.Cause, hart.ReadCsr(Csr.Mcause));
            Assert.Equal(expected.Value, hart.ReadCsr(Csr.Mtval));
            Assert.Equal(reference.Pc, hart.ReadCsr(Csr.Mepc));
        }

        for (uint i = 0; i < 32; i++)
            Assert.True(reference.X[i] == hart.X(i), $"x{i}: {hart.X(i):x16}, expected {reference.X[i]:x16}");
        Assert.Equal(reference.Memory, hart.Read(TestHart.Ram, RamSize));
    }

    private static bool IsSelfJump(ReferenceHart reference)
    {
        int offset = (int)(reference.Pc - TestHart.Ram);
        return reference.Memory.AsSpan(offset, 4).SequenceEqual(Bytes(Jump(0)));
    }
}
