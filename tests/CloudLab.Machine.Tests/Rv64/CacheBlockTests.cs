using CloudLab.Machine.Rv64;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Zicbom and Zicboz.</summary>
public sealed class CacheBlockTests
{
    private const ulong Data = TestHart.Ram + 0x20_0000 + 0x4000;
    private const uint Inval = 0, Clean = 1, Flush = 2, Zero = 4;
    private const ulong Cbie = 3UL << 4, Cbcfe = 1UL << 6, Cbze = 1UL << 7;

    [Fact]
    public void Zero_clears_the_block_that_holds_the_address_and_no_more()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        for (ulong offset = 0; offset < 256; offset += 8) hart.Write64(Data + offset, ulong.MaxValue);
        hart.SetX(A1, Data + 64 + 13);
        // The first finds no TLB entry, the second does.
        hart.Execute(Cbo(Zero), Cbo(Zero));
        Assert.All(hart.Read(Data, 64), b => Assert.Equal(0xff, b));
        Assert.All(hart.Read(Data + 64, 64), b => Assert.Equal(0, b));
        Assert.All(hart.Read(Data + 128, 128), b => Assert.Equal(0xff, b));
    }

    [Theory]
    [InlineData(Inval, Cbie)]
    [InlineData(Clean, Cbcfe)]
    [InlineData(Flush, Cbcfe)]
    [InlineData(Zero, Cbze)]
    public void Each_operation_is_illegal_where_envcfg_does_not_enable_it(uint operation, ulong enable)
    {
        using TestHart hart = TestHart.InSupervisorMode(Cbo(operation));
        hart.SetX(A1, Data);
        hart.ClearCsrBits(Csr.Menvcfg, enable);
        hart.WriteCsr(Csr.Stvec, TestHart.Code + 0x100);
        hart.Write32(TestHart.Code + 0x100, Jump(0));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.IllegalInstruction, hart.ReadCsr(Csr.Scause));
        Assert.Equal(Cbo(operation), hart.ReadCsr(Csr.Stval));

        hart.SetCsrBits(Csr.Menvcfg, enable);
        hart.Pc = TestHart.Code;
        hart.Execute(Cbo(operation));
    }

    [Theory]
    [InlineData(Clean)]
    [InlineData(Zero)]
    public void A_fault_is_that_of_a_store_with_the_address_as_given(uint operation)
    {
        using TestHart hart = TestHart.InSupervisorMode(Cbo(operation));
        var tables = new PageTables(hart);
        tables.Map(TestHart.Code, TestHart.Code, PageTables.Kernel);
        hart.SetX(A1, Data + 5);
        hart.WriteCsr(Csr.Satp, tables.Satp);
        hart.WriteCsr(Csr.Stvec, TestHart.Code + 0x100);
        hart.Write32(TestHart.Code + 0x100, Jump(0));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.StorePageFault, hart.ReadCsr(Csr.Scause));
        Assert.Equal(Data + 5, hart.ReadCsr(Csr.Stval));
    }

    [Fact]
    public void Zeroing_decoded_code_drops_it()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        hart.Write(Data, Asm.Bytes([Li(A0, 1), Jalr(Zero, Ra, 0)]));
        hart.SetX(A1, Data);
        hart.Execute(Jalr(Ra, A1, 0));
        Assert.Equal(1UL, hart.X(A0));
        hart.WriteCsr(Csr.Stvec, TestHart.Code + 0x100);
        hart.Write32(TestHart.Code + 0x100, Jump(0));
        hart.Pc = TestHart.Code + 0x200;
        hart.Write(hart.Pc, Asm.Bytes([Cbo(Zero), FenceI, Jalr(Ra, A1, 0)]));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.IllegalInstruction, hart.ReadCsr(Csr.Scause));
        Assert.Equal(Data, hart.ReadCsr(Csr.Sepc));
    }

    private static uint Cbo(uint operation) => operation << 20 | A1 << 15 | 2 << 12 | 0x0f;
}
