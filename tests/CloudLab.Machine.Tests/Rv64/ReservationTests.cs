using CloudLab.Machine.Rv64;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>LR and SC on one hart.</summary>
public sealed class ReservationTests
{
    private const uint Lr = 2, Sc = 3;
    private const ulong Data = TestHart.Ram + 0x5000;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_pair_on_one_address_stores_and_a_second_sc_does_not(uint width)
    {
        using TestHart hart = Prepared();
        hart.Execute(
            Amo(Lr, width, A1, A0, Zero), Li(A2, -2), Amo(Sc, width, A3, A0, A2), Li(A4, 9), Amo(Sc, width, A5, A0, A4));
        Assert.Equal(width == 2 ? 0xffff_ffff_89ab_cdefUL : 0x0123_4567_89ab_cdefUL, hart.X(A1));
        Assert.Equal(0UL, hart.X(A3));
        Assert.Equal(1UL, hart.X(A5));
        Assert.Equal(width == 2 ? 0x0123_4567_ffff_fffeUL : 0xffff_ffff_ffff_fffe, hart.Read64(Data));
    }

    [Fact]
    public void An_sc_without_a_reservation_or_on_another_address_fails()
    {
        using TestHart hart = Prepared();
        hart.Execute(
            Amo(Sc, 3, A1, A0, A0), Amo(Lr, 3, Zero, A0, Zero), Addi(A0, A0, 8), Amo(Sc, 3, A2, A0, A0),
            Addi(A0, A0, -8), Amo(Sc, 3, A3, A0, A0));
        Assert.Equal((1UL, 1UL, 1UL), (hart.X(A1), hart.X(A2), hart.X(A3)));
        Assert.Equal(0x0123_4567_89ab_cdefUL, hart.Read64(Data));
    }

    [Fact]
    public void A_write_by_someone_else_breaks_the_reservation()
    {
        using TestHart hart = Prepared();
        hart.Execute(Amo(Lr, 3, Zero, A0, Zero));
        hart.Write64(Data, 5);
        hart.Execute(Amo(Sc, 3, A1, A0, A0));
        Assert.Equal(1UL, hart.X(A1));
        Assert.Equal(5UL, hart.Read64(Data));
    }

    [Fact]
    public void A_trap_breaks_the_reservation()
    {
        using TestHart hart = Prepared();
        hart.WriteCsr(Csr.Mtvec, TestHart.Ram + 0x100);
        hart.Write(TestHart.Ram + 0x100, Bytes(Csrr(T0, Csr.Mepc), Addi(T0, T0, 4), Csrw(Csr.Mepc, T0), Mret));
        hart.WriteCsr(Csr.Mstatus, StatusBits.Mpp);
        hart.Execute(Amo(Lr, 3, Zero, A0, Zero), Ecall, Amo(Sc, 3, A1, A0, A0));
        Assert.Equal(1UL, hart.X(A1));
    }

    [Fact]
    public void Lr_with_a_second_source_is_no_instruction()
    {
        using TestHart hart = Prepared();
        hart.WriteCsr(Csr.Mtvec, TestHart.Ram + 0x100);
        hart.Write(TestHart.Ram + 0x100, Bytes(Jump(0)));
        hart.Write(hart.Pc, Bytes(Amo(Lr, 2, A1, A0, A2)));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.IllegalInstruction, hart.ReadCsr(Csr.Mcause));
    }

    private static TestHart Prepared()
    {
        TestHart hart = TestHart.InMachineMode();
        hart.Write64(Data, 0x0123_4567_89ab_cdef);
        hart.SetX(A0, Data);
        return hart;
    }
}
