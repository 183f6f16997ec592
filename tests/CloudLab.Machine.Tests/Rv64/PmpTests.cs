using CloudLab.Machine.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Physical memory protection (privileged specification, 3.7).</summary>
public sealed class PmpTests
{
    private const byte R = 1, W = 2, X = 4, Tor = 1 << 3, Na4 = 2 << 3, Napot = 3 << 3, L = 0x80;
    private const ulong Page = 0x8000_4000;

    [Fact]
    public void Without_an_entry_only_machine_mode_has_access()
    {
        var pmp = new Pmp();
        Assert.True(pmp.Allows(Page, AccessKind.Store, Privilege.Machine));
        Assert.False(pmp.Allows(Page, AccessKind.Load, Privilege.Supervisor));
        Assert.False(pmp.Allows(Page, AccessKind.Fetch, Privilege.User));
    }

    [Fact]
    public void The_first_entry_that_holds_the_address_decides()
    {
        var pmp = new Pmp();
        Top(pmp, 0, Page, 0);
        Top(pmp, 1, Page + 0x1000, R);
        Top(pmp, 2, 0x9000_0000, R | W | X);
        Assert.True(pmp.Allows(Page, AccessKind.Load, Privilege.Supervisor));
        Assert.False(pmp.Allows(Page, AccessKind.Store, Privilege.Supervisor));
        Assert.False(pmp.Allows(Page - 1, AccessKind.Load, Privilege.Supervisor));
        Assert.True(pmp.Allows(Page + 0x1000, AccessKind.Store, Privilege.Supervisor));
        Assert.False(pmp.Allows(0x9000_0000, AccessKind.Load, Privilege.Supervisor));
    }

    [Fact]
    public void Machine_mode_is_bound_by_locked_entries_only()
    {
        var pmp = new Pmp();
        Top(pmp, 0, Page, R);
        Assert.True(pmp.Allows(Page - 1, AccessKind.Store, Privilege.Machine));
        pmp.WriteConfig(0, Tor | R | L);
        Assert.False(pmp.Allows(Page - 1, AccessKind.Store, Privilege.Machine));
        Assert.True(pmp.Allows(Page - 1, AccessKind.Load, Privilege.Machine));
        Assert.True(pmp.Allows(Page, AccessKind.Store, Privilege.Machine));
    }

    [Fact]
    public void A_locked_entry_and_the_start_of_a_locked_range_stay()
    {
        var pmp = new Pmp();
        Top(pmp, 1, Page, R | L);
        pmp.WriteConfig(0, 0);
        pmp.WriteAddress(1, 0);
        pmp.WriteAddress(0, ulong.MaxValue);
        Assert.Equal((ulong)(Tor | R | L) << 8, pmp.ReadConfig(0));
        Assert.Equal(Page >> 2, pmp.ReadAddress(1));
        Assert.Equal(0UL, pmp.ReadAddress(0));
    }

    [Fact]
    public void Power_of_two_regions_hold_their_addresses_and_no_other()
    {
        Gen.Select(Gen.Int[12, 40], Gen.ULong[0, 1UL << 43]).Sample((bits, anywhere) =>
        {
            ulong size = 1UL << bits;
            ulong start = anywhere & ~(size - 1);
            var pmp = new Pmp();
            pmp.WriteAddress(0, start >> 2 | (size >> 3) - 1);
            pmp.WriteConfig(0, Napot | R);
            Assert.True(pmp.Allows(start, AccessKind.Load, Privilege.User));
            Assert.True(pmp.Allows(start + size - 1, AccessKind.Load, Privilege.User));
            Assert.False(pmp.Allows(start + size, AccessKind.Load, Privilege.User));
            Assert.False(pmp.Allows(start - 1, AccessKind.Load, Privilege.User));
        });
    }

    [Fact]
    public void The_grain_of_a_page_shows_as_the_specification_wants_it()
    {
        var pmp = new Pmp();
        pmp.WriteAddress(0, ulong.MaxValue);
        Assert.Equal(0x003f_ffff_ffff_fc00UL, pmp.ReadAddress(0));
        pmp.WriteAddress(0, 0);
        pmp.WriteConfig(0, Napot);
        Assert.Equal(0x1ffUL, pmp.ReadAddress(0));
        pmp.WriteConfig(0, Na4 | R);
        Assert.Equal(Napot | (ulong)R, pmp.ReadConfig(0));
        pmp.WriteConfig(0, Napot | W);
        Assert.Equal((ulong)Napot, pmp.ReadConfig(0));
    }

    [Theory]
    [InlineData(0x0005_b503u /* ld a0, 0(a1) */, R, ExceptionCode.LoadAccessFault)]
    [InlineData(0x00a5_b023u /* sd a0, 0(a1) */, W | R, ExceptionCode.StoreAccessFault)]
    [InlineData(0x0005_8067u /* jr a1 */, X, ExceptionCode.InstructionAccessFault)]
    public void A_supervisor_access_that_is_not_allowed_faults_with_its_address(uint instruction, byte needed, object fault)
    {
        using TestHart hart = TestHart.InSupervisorMode(instruction);
        hart.SetX(A1, Page);
        hart.WriteCsr(Csr.Pmpaddr0, Page >> 2 | 0x1ff);
        hart.WriteCsr(Csr.Pmpcfg0, (ulong)(Napot | (X | R | W) & ~needed) & ~(needed == R ? (ulong)W : 0));
        hart.WriteCsr(Csr.Pmpaddr0 + 1, ulong.MaxValue);
        hart.SetCsrBits(Csr.Pmpcfg0, (ulong)(Tor | R | W | X) << 8);
        hart.WriteCsr(Csr.Stvec, TestHart.Code + 0x100);
        hart.Write32(TestHart.Code + 0x100, Jump(0));
        hart.Run();
        Assert.Equal((ulong)(ExceptionCode)fault, hart.ReadCsr(Csr.Scause));
        Assert.Equal(Page, hart.ReadCsr(Csr.Stval));
        Assert.Equal((ExceptionCode)fault == ExceptionCode.InstructionAccessFault ? Page : TestHart.Code, hart.ReadCsr(Csr.Sepc));
    }

    [Fact]
    public void Page_tables_are_read_with_the_rights_of_the_supervisor()
    {
        using TestHart hart = TestHart.InSupervisorMode(0x0005_b503 /* ld a0, 0(a1) */);
        var tables = new PageTables(hart);
        tables.Map(TestHart.Code, TestHart.Code, PageTables.Kernel);
        hart.WriteCsr(Csr.Pmpaddr0, PageTables.Root >> 2 | 0x1ff);
        hart.WriteCsr(Csr.Pmpcfg0, Napot | W | R);
        hart.WriteCsr(Csr.Pmpcfg0, Napot);
        hart.WriteCsr(Csr.Pmpaddr0 + 1, ulong.MaxValue);
        hart.SetCsrBits(Csr.Pmpcfg0, (ulong)(Tor | R | W | X) << 8);
        hart.WriteCsr(Csr.Stvec, TestHart.Code + 0x100);
        hart.WriteCsr(Csr.Satp, tables.Satp);
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.InstructionAccessFault, hart.ReadCsr(Csr.Scause));
    }

    private static void Top(Pmp pmp, int entry, ulong end, byte permissions)
    {
        pmp.WriteAddress(entry, end >> 2);
        pmp.WriteConfig(0, pmp.ReadConfig(0) & ~(0xffUL << (8 * entry)) | (ulong)(Tor | permissions) << (8 * entry));
    }
}
