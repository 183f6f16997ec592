using CloudLab.Machine.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>PMP: which entry decides, locks, and that every access asks; and the cache-block instructions.</summary>
public sealed class ProtectionTests
{
    private const uint Pmpcfg0 = 0x3a0, Pmpaddr0 = 0x3b0;
    private const ulong Region = TestHart.Ram + 0x4_0000;
    private const byte R = 1, W = 2, X = 4, Tor = 8, Napot = 24, Locked = 128;

    [Fact]
    public void The_first_matching_entry_decides_for_lower_modes_and_locked_ones_for_machine_mode_too()
    {
        Gen<(byte Config, ulong Page, int Order)> entry = Gen.Select(
            Gen.OneOf<byte>(0, Tor, Napot), Gen.OneOf<byte>(0, R, R | W, X, R | X, R | W | X), Gen.Bool, Gen.ULong[0, 15], Gen.Int[0, 3],
            (mode, permissions, isLocked, page, order) => ((byte)(mode | permissions | (isLocked ? Locked : 0)), page, order));
        Gen.Select(entry.Array[4], Gen.ULong[0, 15], Gen.Enum<AccessKind>(), Gen.OneOf(Privilege.User, Privilege.Supervisor, Privilege.Machine)).Sample(
            (entries, page, access, mode) =>
            {
                using var hart = new TestHart();
                hart.StartMachine();
                hart.WriteCsr(Pmpcfg0, 0);
                ulong config = 0;
                ulong[] addresses = new ulong[4];
                for (int i = 0; i < 4; i++)
                {
                    (byte c, ulong at, int order) = entries[i];
                    ulong address = Region + (at << 12);
                    // NAPOT of 4 KiB << order: that many ones below a zero.
                    addresses[i] = (c & 24) == Napot ? (address >> 2 & ~((0x400UL << order) - 1)) | ((0x200UL << order) - 1) : address >> 2;
                    hart.WriteCsr(Pmpaddr0 + (uint)i, addresses[i]);
                    config |= (ulong)c << (8 * i);
                }

                hart.WriteCsr(Pmpcfg0, config);
                ulong target = Region + (page << 12) + 0x10;
                bool expected = mode == Privilege.Machine;
                for (int i = 0; i < 4; i++)
                {
                    (byte c, ulong at, int order) = entries[i];
                    ulong start = i == 0 ? 0 : addresses[i - 1] << 2 & ~0xfffUL, end = addresses[i] << 2;
                    if ((c & 24) == Napot)
                    {
                        ulong size = 4096UL << order;
                        start = Region + (at << 12) & ~(size - 1);
                        end = start + size;
                    }

                    if ((c & 24) == 0 || target < start || target >= end) continue;
                    byte needed = access switch { AccessKind.Load => R, AccessKind.Store => W, _ => X };
                    expected = (mode == Privilege.Machine && (c & Locked) == 0) || (c & needed) != 0;
                    break;
                }

                bool actual = hart.Hart.Mmu.TryTranslate(target, access, (TlbContext)mode, out _);
                Assert.Equal(expected, actual);
                if (!actual) Assert.Equal(Mmu.AccessFaultOf(access), hart.Hart.Mmu.Fault);
            },
            iter: 1000, threads: 1);
    }

    [Fact]
    public void A_changed_entry_is_in_force_for_what_the_tlb_remembers()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(Csr.Mtvec, TestHart.Ram + 0x1000);
        hart.Write(TestHart.Ram + 0x1000, Bytes(Jump(0)));
        Protect(hart, R | W | X);
        hart.SetX(A0, Region);
        hart.Hart.SetPrivilege(Privilege.User);
        hart.Pc = TestHart.Code;
        hart.Execute(Sd(A0, A0, 0), Ld(A1, A0, 0));
        Protect(hart, R);
        hart.Execute(Ld(A2, A0, 0));
        ulong pc = hart.Pc;
        hart.Write(pc, Bytes(Sd(Zero, A0, 0)));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.StoreAccessFault, hart.ReadCsr(Csr.Mcause));
        Assert.Equal(Region, hart.ReadCsr(Csr.Mtval));
        Assert.Equal(pc, hart.ReadCsr(Csr.Mepc));
        Assert.Equal(Region, hart.Read64(Region));
    }

    [Fact]
    public void A_page_table_that_may_not_be_read_is_an_access_fault()
    {
        using TestHart hart = TestHart.InMachineMode();
        var tables = new PageTables(hart);
        tables.Map(0x1234_5000, TestHart.Ram, PageTables.Kernel);
        hart.WriteCsr(Csr.Satp, tables.Satp);
        hart.WriteCsr(Pmpaddr0 + 1, ulong.MaxValue >> 10);
        hart.WriteCsr(Pmpaddr0, PageTables.Root >> 2 | 0x1ff);
        hart.WriteCsr(Pmpcfg0, (ulong)(Napot | R | W | X) << 8 | Napot);
        Assert.False(hart.Hart.Mmu.TryTranslate(0x1234_5000, AccessKind.Store, TlbContext.Supervisor, out _));
        Assert.Equal(ExceptionCode.StoreAccessFault, hart.Hart.Mmu.Fault);
    }

    [Fact]
    public void A_locked_entry_and_the_bound_of_a_locked_range_cannot_be_written()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(Pmpcfg0, 0);
        hart.WriteCsr(Pmpaddr0, Region >> 2);
        hart.WriteCsr(Pmpaddr0 + 1, Region + 0x1000 >> 2);
        hart.WriteCsr(Pmpcfg0, (ulong)(Locked | Tor | R) << 8);
        ulong before = hart.ReadCsr(Pmpcfg0);
        hart.WriteCsr(Pmpcfg0, 0);
        Assert.Equal(before, hart.ReadCsr(Pmpcfg0));
        hart.WriteCsr(Pmpaddr0, 0);
        hart.WriteCsr(Pmpaddr0 + 1, 0);
        Assert.Equal(Region >> 2, hart.ReadCsr(Pmpaddr0) & ~0x3ffUL);
        Assert.Equal(Region + 0x1000 >> 2, hart.ReadCsr(Pmpaddr0 + 1) & ~0x3ffUL);
    }

    [Fact]
    public void Cbo_zero_zeroes_the_block_around_its_address()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.Write(Region, Enumerable.Repeat((byte)0xff, 256).ToArray());
        hart.SetX(A0, Region + 64 + 37);
        hart.Execute(I(2, 0x0f, 0, A0, 4));
        Assert.Equal(Enumerable.Range(0, 256).Select(i => i is >= 64 and < 128 ? (byte)0 : (byte)0xff), hart.Read(Region, 256));
    }

    [Theory]
    [InlineData(0, 1UL << 4)]
    [InlineData(1, 1UL << 6)]
    [InlineData(2, 1UL << 6)]
    [InlineData(4, 1UL << 7)]
    public void Cache_block_instructions_are_legal_where_the_modes_above_allow_them(int operation, ulong bit)
    {
        foreach ((ulong machine, ulong supervisor, Privilege mode, bool isLegal) in new[]
        {
            (0UL, 0UL, Privilege.Machine, true), (0UL, 0UL, Privilege.Supervisor, false), (bit, 0UL, Privilege.Supervisor, true),
            (bit, 0UL, Privilege.User, false), (0UL, bit, Privilege.User, false), (bit, bit, Privilege.User, true),
        })
        {
            using TestHart hart = TestHart.InMachineMode();
            hart.WriteCsr(Csr.Mtvec, TestHart.Ram + 0x1000);
            hart.Write(TestHart.Ram + 0x1000, Bytes(Jump(0)));
            hart.WriteCsr(Csr.Menvcfg, machine);
            hart.WriteCsr(Csr.Senvcfg, supervisor);
            hart.SetX(A0, Region);
            hart.Hart.SetPrivilege(mode);
            hart.Pc = TestHart.Code;
            hart.Write(hart.Pc, Bytes(I(2, 0x0f, 0, A0, operation), Jump(0)));
            hart.Run();
            Assert.Equal(isLegal ? 0UL : 2, hart.ReadCsr(Csr.Mcause));
        }
    }

    private static void Protect(TestHart hart, byte permissions)
    {
        hart.WriteCsr(Pmpaddr0, Region >> 2 | 0x1ff);
        hart.WriteCsr(Pmpaddr0 + 1, ulong.MaxValue >> 10);
        hart.WriteCsr(Pmpcfg0, (ulong)(Napot | R | W | X) << 8 | Napot | permissions);
    }
}
