using CloudLab.Machine.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>F and D in a hart: the unit's state, its CSRs, rounding modes, NaN boxing. The arithmetic is tested apart.</summary>
public sealed class FloatStateTests
{
    private const ulong Vector = TestHart.Ram + 0x1000;
    private const ulong Data = TestHart.Ram + 0x5000;
    private const uint Off = 0, Initial = 1, Clean = 2, Dirty = 3;

    private static readonly uint[] Samples =
    [
        Flw(1, A0, 0), Fld(1, A0, 0), Fsw(1, A0, 0), Fsd(1, A0, 0), R(0, 0, 0x53, 1, 2, 3), R(1, 7, 0x53, 1, 2, 3), R(0x10, 0, 0x53, 1, 2, 3),
        R(0x15, 1, 0x53, 1, 2, 3), R(0x50, 2, 0x53, 1, 2, 3), R(0x60, 1, 0x53, 1, 2, 0), R(0x69, 7, 0x53, 1, 2, 3), R(0x70, 0, 0x53, 1, 2, 0),
        R(0x71, 1, 0x53, 1, 2, 0), R(0x79, 0, 0x53, 1, 2, 0), R(3 << 2, 7, 0x43, 1, 2, 3), R(3 << 2 | 1, 0, 0x4f, 1, 2, 3),
        R(0x20, 0, 0x53, 1, 2, 1), R(0x21, 0, 0x53, 1, 2, 0), R(0x2d, 0, 0x53, 1, 2, 0), Csrr(A1, Csr.Fcsr), Csrwi(Csr.Frm), Csrwi(Csr.Fflags),
    ];

    public static TheoryData<uint> Instructions => [.. Samples];

    [Theory]
    [MemberData(nameof(Instructions))]
    public void With_the_unit_off_every_instruction_of_it_is_illegal(uint instruction)
    {
        using TestHart hart = Prepared(Off);
        hart.Write(hart.Pc, Bytes(instruction, Jump(0)));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.IllegalInstruction, hart.ReadCsr(Csr.Mcause));
        Assert.Equal(instruction, hart.ReadCsr(Csr.Mtval));
        Assert.Equal(Off, hart.FloatState);
    }

    [Theory]
    [MemberData(nameof(Instructions))]
    public void With_the_unit_on_it_executes_and_a_changed_state_is_dirty(uint instruction)
    {
        foreach (uint state in new[] { Initial, Clean, Dirty })
        {
            using TestHart hart = Prepared(state);
            hart.Execute(instruction);
            // Reading a CSR changes nothing; that anything else marks the state dirty, even a store, is allowed.
            bool changes = instruction != Csrr(A1, Csr.Fcsr);
            Assert.Equal(changes ? Dirty : state, hart.FloatState);
            Assert.Equal(hart.FloatState == Dirty, hart.ReadCsr(Csr.Mstatus) >> 63 == 1);
        }
    }

    [Fact]
    public void The_flags_and_the_rounding_mode_are_parts_of_fcsr()
    {
        using TestHart hart = Prepared(Dirty);
        EdgeValues.Any.Sample(
            value =>
            {
                hart.WriteCsr(Csr.Fcsr, value);
                Assert.Equal(value & 0xff, hart.ReadCsr(Csr.Fcsr));
                Assert.Equal(value & 31, hart.ReadCsr(Csr.Fflags));
                Assert.Equal(value >> 5 & 7, hart.ReadCsr(Csr.Frm));
                hart.WriteCsr(Csr.Fflags, ~value);
                Assert.Equal((value & 0xe0) | (~value & 31), hart.ReadCsr(Csr.Fcsr));
                hart.WriteCsr(Csr.Frm, ~value);
                Assert.Equal(((~value & 7) << 5) | (~value & 31), hart.ReadCsr(Csr.Fcsr));
            },
            iter: 200, threads: 1);
    }

    [Fact]
    public void A_reserved_rounding_mode_is_illegal_in_the_instruction_and_in_frm_when_it_is_used()
    {
        uint[] rounded =
        [
            R(0, 0, 0x53, 1, 2, 3), R(5, 0, 0x53, 1, 2, 3), R(0x2c, 0, 0x53, 1, 2, 0), R(0x60, 0, 0x53, 1, 2, 0), R(0x6a & 0x69, 0, 0x53, 1, 2, 3),
            R(0x20, 0, 0x53, 1, 2, 1), R(0x21, 0, 0x53, 1, 2, 0), R(3 << 2, 0, 0x43, 1, 2, 3), R(3 << 2 | 1, 0, 0x4b, 1, 2, 3),
        ];
        foreach (uint instruction in rounded)
            for (uint rm = 0; rm < 8; rm++)
                for (uint frm = 0; frm < 8; frm++)
                {
                    using TestHart hart = Prepared(Dirty);
                    hart.WriteCsr(Csr.Frm, frm);
                    hart.Write(hart.Pc, Bytes(instruction | rm << 12, Jump(0)));
                    hart.Run();
                    bool isLegal = rm <= 4 || (rm == 7 && frm <= 4);
                    Assert.Equal(isLegal ? 0UL : 2, hart.ReadCsr(Csr.Mcause));
                }
    }

    [Fact]
    public void Singles_are_boxed_in_registers_and_what_is_not_boxed_is_a_nan()
    {
        using TestHart hart = Prepared(Dirty);
        hart.Write32(Data, 0x3f80_0000);
        hart.SetX(A0, Data);
        hart.SetF(2, 0x0000_0000_3f80_0000);
        hart.Execute(
            Flw(1, A0, 0), // boxed
            R(0, 0, 0x53, 3, 1, 2), // 1.0 + not boxed
            R(0x70, 0, 0x53, A1, 2, 0), // fmv.x.w takes the low bits
            Fsw(2, A0, 8), // so does a store
            R(0x10, 0, 0x53, 4, 2, 2), // fsgnj.s sees the NaN
            R(0x78, 0, 0x53, 5, A2, 0)); // fmv.w.x boxes
        Assert.Equal(0xffff_ffff_3f80_0000, hart.F(1));
        Assert.Equal(0xffff_ffff_7fc0_0000, hart.F(3));
        Assert.Equal(0x3f80_0000UL, hart.X(A1));
        Assert.Equal(0x3f80_0000UL, hart.Read64(Data + 8));
        Assert.Equal(0xffff_ffff_7fc0_0000, hart.F(4));
        Assert.Equal(0xffff_ffff_0000_0000, hart.F(5));
        Assert.Equal(0UL, hart.ReadCsr(Csr.Fflags));
    }

    [Fact]
    public void Flags_accrue_until_they_are_cleared()
    {
        using TestHart hart = Prepared(Dirty);
        hart.SetF(1, BitConverter.DoubleToUInt64Bits(1));
        hart.SetF(2, BitConverter.DoubleToUInt64Bits(3));
        hart.SetF(3, 0);
        hart.Execute(R(0x0d, 0, 0x53, 4, 1, 2), Csrr(A1, Csr.Fflags), R(0x0d, 0, 0x53, 4, 1, 3), Csrrwi(A2, Csr.Fflags, 0), R(1, 0, 0x53, 4, 1, 1));
        Assert.Equal((1UL, 9UL, 0UL), (hart.X(A1), hart.X(A2), hart.ReadCsr(Csr.Fflags)));
    }

    [Fact]
    public void A_result_for_x0_is_dropped()
    {
        using TestHart hart = Prepared(Dirty);
        hart.SetF(1, ulong.MaxValue);
        hart.Execute(R(0x71, 0, 0x53, 0, 1, 0), R(0x51, 2, 0x53, 0, 3, 3), R(0x61, 0, 0x53, 0, 1, 0), Add(A1, Zero, Zero));
        Assert.Equal((0UL, 0UL), (hart.X(0), hart.X(A1)));
    }

    private static uint Csrwi(uint csr) => Csrrwi(Zero, csr, 1);

    private static TestHart Prepared(uint state)
    {
        TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(Csr.Mtvec, Vector);
        hart.Write(Vector, Bytes(Jump(0)));
        hart.SetX(A0, Data);
        hart.SetFloatState(state);
        return hart;
    }
}
