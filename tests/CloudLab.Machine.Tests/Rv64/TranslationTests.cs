using CloudLab.Machine.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Page-table walks: permissions, accessed and dirty bits, large pages, faults; and what the TLB may remember.</summary>
public sealed class TranslationTests
{
    private const ulong Target = TestHart.Ram + 0x4_0000;
    private const ulong Virtual = 0x1234_5000;
    private const ulong LoadFault = 13, StoreFault = 15, FetchFault = 12;

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_combination_of_permissions_context_and_access_is_as_the_specification_says(int levels)
    {
        using var hart = new TestHart();
        foreach (int flags in Enumerable.Range(0, 256))
            foreach (Privilege mode in new[] { Privilege.User, Privilege.Supervisor })
                foreach (int status in Enumerable.Range(0, 4))
                    foreach (AccessKind access in Enum.GetValues<AccessKind>())
                    {
                        hart.StartMachine();
                        PageTables tables = Fresh(hart, levels);
                        tables.Map(Virtual, Target, (ulong)flags);
                        bool sum = (status & 1) != 0, mxr = (status & 2) != 0;
                        hart.WriteCsr(Csr.Mstatus, (sum ? StatusBits.Sum : 0) | (mxr ? StatusBits.Mxr : 0));
                        hart.Hart.SetPrivilege(mode);
                        var context = access == AccessKind.Fetch ? (TlbContext)mode : hart.Hart.DataContext;
                        bool expected = IsAllowed((ulong)flags, mode, sum, mxr, access);
                        bool actual = hart.Hart.Mmu.TryTranslate(Virtual + 0x123, access, context, out ulong physical);
                        Assert.True(expected == actual, $"flags {flags:x2} {mode} sum {sum} mxr {mxr} {access}: {actual}");
                        if (actual) Assert.Equal(Target + 0x123, physical);
                        else Assert.Equal(FaultOf(access), (ulong)hart.Hart.Mmu.Fault);
                    }
    }

    [Fact]
    public void Translations_remembered_for_one_mode_are_not_used_by_another()
    {
        using TestHart hart = Mapped(out PageTables tables);
        tables.Map(Virtual, Target, PageTables.Kernel | PageTables.U);
        hart.Write64(Target, 42);
        hart.SetX(A0, Virtual);
        // Allowed with SUM, then without, then with again.
        hart.SetCsrBits(Csr.Mstatus, StatusBits.Sum);
        hart.Execute(Ld(A1, A0, 0));
        Assert.Equal(42UL, hart.X(A1));
        hart.ClearCsrBits(Csr.Mstatus, StatusBits.Sum);
        AssertFaults(hart, Ld(A1, A0, 0), LoadFault, Virtual);
        hart.SetCsrBits(Csr.Mstatus, StatusBits.Sum);
        hart.Execute(Ld(A2, A0, 0));
        Assert.Equal(42UL, hart.X(A2));
    }

    [Fact]
    public void Execute_only_pages_are_readable_while_mxr_is_set()
    {
        using TestHart hart = Mapped(out PageTables tables);
        tables.Map(Virtual, Target, PageTables.V | PageTables.X | PageTables.A);
        hart.SetX(A0, Virtual);
        AssertFaults(hart, Ld(A1, A0, 0), LoadFault, Virtual);
        hart.SetCsrBits(Csr.Mstatus, StatusBits.Mxr);
        hart.Execute(Ld(A1, A0, 0));
        hart.ClearCsrBits(Csr.Mstatus, StatusBits.Mxr);
        AssertFaults(hart, Ld(A1, A0, 0), LoadFault, Virtual);
    }

    [Fact]
    public void A_load_that_filled_the_tlb_does_not_open_the_page_for_stores()
    {
        using TestHart hart = Mapped(out PageTables tables);
        tables.Map(Virtual, Target, PageTables.V | PageTables.R | PageTables.A | PageTables.D);
        hart.SetX(A0, Virtual);
        hart.Execute(Ld(A1, A0, 0));
        AssertFaults(hart, Sd(A1, A0, 0), StoreFault, Virtual);
        AssertFaults(hart, Amo(0, 3, A1, A0, A1), StoreFault, Virtual);
        AssertFaults(hart, Amo(3, 3, A1, A0, A1), StoreFault, Virtual);
        hart.Execute(Amo(2, 3, A1, A0, Zero));
    }

    [Fact]
    public void Accessed_and_dirty_are_demanded_by_default_and_set_with_adue()
    {
        using TestHart hart = Mapped(out PageTables tables);
        ulong bare = PageTables.V | PageTables.R | PageTables.W | PageTables.X;
        ulong place = tables.Map(Virtual, Target, bare);
        hart.SetX(A0, Virtual);
        AssertFaults(hart, Ld(A1, A0, 0), LoadFault, Virtual);
        Assert.Equal(bare, hart.Read64(place) & 0xff);
        hart.Write64(place, hart.Read64(place) | PageTables.A);
        hart.Execute(Ld(A1, A0, 0));
        AssertFaults(hart, Sd(A1, A0, 0), StoreFault, Virtual);

        hart.WriteCsr(Csr.Menvcfg, 1UL << 61);
        hart.Write64(place, Target >> 12 << 10 | bare);
        hart.Execute(Ld(A1, A0, 0));
        Assert.Equal(bare | PageTables.A, hart.Read64(place) & 0xff);
        hart.Execute(Sd(A1, A0, 0));
        Assert.Equal(bare | PageTables.A | PageTables.D, hart.Read64(place) & 0xff);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 0)]
    [InlineData(4, 1)]
    [InlineData(4, 2)]
    [InlineData(4, 3)]
    public void A_large_page_maps_all_its_bytes_and_a_misaligned_one_none(int levels, int level)
    {
        using var hart = new TestHart();
        hart.StartMachine();
        PageTables tables = Fresh(hart, levels);
        ulong size = 4096UL << (9 * level);
        ulong address = 0x30_0000_0000 & ~(size - 1);
        ulong physical = TestHart.Ram & ~(size - 1);
        ulong place = tables.Map(address, physical, PageTables.Kernel, level);
        foreach (ulong offset in new ulong[] { 0, size / 2, size - 1 })
        {
            Assert.True(hart.Hart.Mmu.TryTranslate(address + offset, AccessKind.Load, TlbContext.Supervisor, out ulong result));
            Assert.Equal(physical + offset, result);
        }

        if (level == 0) return;
        for (int bit = 10; bit < 10 + (9 * level); bit++)
        {
            hart.Write64(place, hart.Read64(place) ^ 1UL << bit);
            Assert.False(hart.Hart.Mmu.TryTranslate(address, AccessKind.Load, TlbContext.Supervisor, out _));
            Assert.Equal(ExceptionCode.LoadPageFault, hart.Hart.Mmu.Fault);
            hart.Write64(place, hart.Read64(place) ^ 1UL << bit);
        }
    }

    [Fact]
    public void Reserved_bits_fault_in_leaves_and_in_pointers()
    {
        using var hart = new TestHart();
        hart.StartMachine();
        PageTables tables = Fresh(hart, 3);
        ulong leaf = tables.Map(Virtual, Target, PageTables.Kernel);
        ulong root = PageTables.Root + ((Virtual >> 30 & 511) * 8);
        foreach (ulong place in new[] { leaf, root })
        {
            ulong entry = hart.Read64(place);
            for (int bit = 54; bit < 64; bit++) AssertPageFault(place, entry | 1UL << bit);
            hart.Write64(place, entry);
        }

        ulong pointer = hart.Read64(root);
        foreach (ulong flag in new[] { PageTables.A, PageTables.D, PageTables.U }) AssertPageFault(root, pointer | flag);
        // Global and the software's bits mean nothing here.
        hart.Write64(root, pointer | PageTables.G | 0x300);
        Assert.True(hart.Hart.Mmu.TryTranslate(Virtual, AccessKind.Load, TlbContext.Supervisor, out _));

        // A pointer where only a leaf can be.
        AssertPageFault(leaf, Target >> 12 << 10 | PageTables.V);

        void AssertPageFault(ulong place, ulong entry)
        {
            hart.Write64(place, entry);
            Assert.False(hart.Hart.Mmu.TryTranslate(Virtual, AccessKind.Store, TlbContext.Supervisor, out _));
            Assert.Equal(ExceptionCode.StorePageFault, hart.Hart.Mmu.Fault);
        }
    }

    [Theory]
    [InlineData(3, 38)]
    [InlineData(4, 47)]
    public void Addresses_are_canonical(int levels, int top)
    {
        using var hart = new TestHart();
        hart.StartMachine();
        PageTables tables = Fresh(hart, levels);
        ulong high = ulong.MaxValue << top;
        tables.Map(high, Target, PageTables.Kernel);
        tables.Map(0, Target, PageTables.Kernel);
        Assert.True(Translates(high));
        Assert.True(Translates(0));
        for (int bit = top; bit < 64; bit++)
        {
            Assert.False(Translates(high ^ 1UL << bit), $"bit {bit}");
            Assert.False(Translates(1UL << bit), $"bit {bit}");
        }

        bool Translates(ulong address) => hart.Hart.Mmu.TryTranslate(address, AccessKind.Fetch, TlbContext.Supervisor, out _);
    }

    [Fact]
    public void A_table_outside_of_ram_is_an_access_fault()
    {
        using TestHart hart = Mapped(out PageTables tables);
        hart.SetX(A0, Virtual);
        hart.Write64(PageTables.Root + ((Virtual >> 30 & 511) * 8), 0x4000_0000 >> 12 << 10 | PageTables.V);
        AssertFaults(hart, Ld(A1, A0, 0), (ulong)ExceptionCode.LoadAccessFault, Virtual);
        AssertFaults(hart, Sd(A1, A0, 0), (ulong)ExceptionCode.StoreAccessFault, Virtual);
        tables.Map(Virtual + 0x4000_0000, 0x4000_0000, PageTables.Kernel);
        hart.SetX(A0, Virtual + 0x4000_0000);
        AssertFaults(hart, Ld(A1, A0, 0), (ulong)ExceptionCode.LoadAccessFault, Virtual + 0x4000_0000);
    }

    [Fact]
    public void An_access_across_two_pages_faults_at_the_part_that_may_not()
    {
        using TestHart hart = Mapped(out PageTables tables);
        tables.Map(Virtual, Target, PageTables.Kernel);
        tables.Map(Virtual + 0x1000, Target + 0x8000, PageTables.V | PageTables.R | PageTables.A);
        hart.Write64(Target + 0xff8, 0x1111_1111_1111_1111);
        hart.Write64(Target + 0x8000, 0x2222_2222_2222_2222);
        for (int inside = 1; inside < 8; inside++)
        {
            hart.SetX(A0, Virtual + 0x1000 - (ulong)inside);
            hart.Execute(Ld(A1, A0, 0));
            Assert.Equal((0x1111_1111_1111_1111UL >> (64 - (8 * inside))) | (0x2222_2222_2222_2222UL << (8 * inside)), hart.X(A1));
            AssertFaults(hart, Sd(Zero, A0, 0), StoreFault, Virtual + 0x1000);
            Assert.Equal(0x1111_1111_1111_1111UL, hart.Read64(Target + 0xff8));
        }

        hart.SetX(A0, Virtual - 4);
        AssertFaults(hart, Ld(A1, A0, 0), LoadFault, Virtual - 4);
    }

    [Fact]
    public void A_fetch_across_two_pages_faults_at_the_second_with_the_first_as_its_place()
    {
        using TestHart hart = Mapped(out PageTables tables);
        tables.Map(Virtual, Target, PageTables.Kernel);
        hart.Write(Target + 0xffe, Bytes(Nop).AsSpan(0, 2));
        hart.Pc = Virtual + 0xffe;
        hart.Run();
        Assert.Equal(FetchFault, hart.ReadCsr(Csr.Scause));
        Assert.Equal(Virtual + 0x1000, hart.ReadCsr(Csr.Stval));
        Assert.Equal(Virtual + 0xffe, hart.ReadCsr(Csr.Sepc));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Sfence_vma_by_address_forgets_all_pieces_of_the_page_and_nothing_else(int level)
    {
        using TestHart hart = Mapped(out PageTables tables);
        ulong size = 4096UL << (9 * level);
        ulong address = 0x40_0000_0000 >> 1;
        ulong physical = level == 0 ? Target : TestHart.Ram & ~(size - 1);
        ulong inside = level == 0 ? 0 : Target - physical;
        ulong place = tables.Map(address, physical, PageTables.Kernel, level);
        ulong other = tables.Map(Virtual, Target, PageTables.Kernel);
        ulong[] pieces = level == 0 ? [address] : [address + inside, address + inside + 0x3000];
        foreach (ulong piece in pieces) Load(piece);
        Load(Virtual);
        hart.Write64(place, 0);
        hart.Write64(other, 0);

        // Flushed by another address of the same page.
        hart.SetX(A1, address + size - 4096);
        hart.Execute(SfenceVma(A1, Zero));
        foreach (ulong piece in pieces)
        {
            hart.SetX(A0, piece);
            AssertFaults(hart, Ld(A2, A0, 0), LoadFault, piece);
        }

        Load(Virtual);
        hart.Execute(SfenceVma(Zero, Zero));
        hart.SetX(A0, Virtual);
        AssertFaults(hart, Ld(A2, A0, 0), LoadFault, Virtual);

        void Load(ulong at)
        {
            hart.SetX(A0, at);
            hart.Execute(Ld(A2, A0, 0));
        }
    }

    [Fact]
    public void A_write_of_satp_switches_the_address_space()
    {
        using TestHart hart = Mapped(out PageTables tables);
        ulong place = tables.Map(Virtual, Target, PageTables.Kernel);
        hart.Write64(Target, 1);
        hart.Write64(Target + 0x1000, 2);
        hart.SetX(A0, Virtual);
        hart.SetX(A1, tables.Satp | 7UL << 44);
        hart.Execute(Ld(A2, A0, 0));
        hart.Write64(place, (Target + 0x1000) >> 12 << 10 | PageTables.Kernel);
        hart.Execute(Csrw(Csr.Satp, A1), Ld(A3, A0, 0), Csrw(Csr.Satp, Zero));
        Assert.Equal((1UL, 2UL), (hart.X(A2), hart.X(A3)));
        hart.SetX(A0, Target);
        hart.Execute(Ld(A4, A0, 0));
        Assert.Equal(1UL, hart.X(A4));
    }

    [Fact]
    public void Machine_mode_ignores_translation_but_with_mprv()
    {
        using TestHart hart = Mapped(out PageTables tables);
        tables.Map(Virtual, Target, PageTables.Kernel);
        hart.Write64(Target, 7);
        hart.Hart.SetPrivilege(Privilege.Machine);
        hart.WriteCsr(Csr.Mtvec, TestHart.Ram + 0x3000);
        hart.Write(TestHart.Ram + 0x3000, Bytes(Jump(0)));
        hart.SetX(A0, Virtual);
        hart.WriteCsr(Csr.Mstatus, StatusBits.Mprv | 1UL << StatusBits.MppShift);
        hart.Execute(Ld(A1, A0, 0));
        Assert.Equal(7UL, hart.X(A1));
        // As U-mode, which may not.
        hart.WriteCsr(Csr.Mstatus, StatusBits.Mprv);
        hart.Write(hart.Pc, Bytes(Ld(A1, A0, 0)));
        hart.Run();
        Assert.Equal(LoadFault, hart.ReadCsr(Csr.Mcause));
        // The trap set MPP to M: now MPRV means M-mode, and nothing is there.
        hart.Pc = TestHart.Code;
        hart.Write(hart.Pc, Bytes(Ld(A1, A0, 0)));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.LoadAccessFault, hart.ReadCsr(Csr.Mcause));
    }

    [Fact]
    public void Random_tables_translate_as_a_plain_walk_does()
    {
        using var hart = new TestHart();
        Gen<ulong> flags = Gen.Frequency((3, Gen.OneOf(PageTables.Kernel, PageTables.Kernel | PageTables.U, PageTables.V)), (1, Gen.ULong[0, 255]));
        Gen.Select(flags, flags, flags, Gen.Int[0, 2], Gen.ULong[0, 511], Gen.Enum<AccessKind>(), Gen.Bool).Sample(
            (first, second, third, misaligned, index, access, isUser) =>
            {
                hart.StartMachine();
                hart.WriteCsr(Csr.Satp, 8UL << 60 | PageTables.Root >> 12);
                ulong address = index << 30 | index << 21 | index << 12;
                if ((index & 256) != 0) address |= ulong.MaxValue << 39;
                ulong[] tables = [PageTables.Root, PageTables.Root + 0x1000, PageTables.Root + 0x2000, Target + ((ulong)misaligned << 12)];
                ulong[] entries = [first, second, third];
                for (int i = 0; i < 3; i++)
                {
                    entries[i] |= tables[i + 1] >> 12 << 10;
                    hart.Write64(tables[i] + (index * 8), entries[i]);
                }

                ulong? expected = Walk(entries, address, isUser ? Privilege.User : Privilege.Supervisor, access);
                bool isMapped = hart.Hart.Mmu.TryTranslate(address, access, isUser ? TlbContext.User : TlbContext.Supervisor, out ulong physical);
                Assert.Equal(expected.HasValue, isMapped);
                if (isMapped) Assert.Equal(expected, physical);
            },
            iter: 2000, threads: 1);
    }

    private static ulong? Walk(ulong[] entries, ulong address, Privilege mode, AccessKind access)
    {
        for (int i = 0; i < 3; i++)
        {
            ulong flags = entries[i] & 255;
            if ((flags & PageTables.V) == 0) return null;
            if ((flags & (PageTables.R | PageTables.W | PageTables.X)) == 0)
            {
                if ((flags & (PageTables.A | PageTables.D | PageTables.U)) != 0) return null;
                continue;
            }

            ulong size = 4096UL << (9 * (2 - i));
            ulong physical = entries[i] >> 10 << 12;
            return physical % size == 0 && IsAllowed(flags, mode, false, false, access) ? physical + (address % size) : null;
        }

        return null;
    }

    /// <summary>Privileged specification, 12.3.2, steps 3 and 5 to 9 of the walk.</summary>
    private static bool IsAllowed(ulong flags, Privilege mode, bool sum, bool mxr, AccessKind access)
    {
        bool Has(ulong flag) => (flags & flag) != 0;
        if (!Has(PageTables.V) || (!Has(PageTables.R) && Has(PageTables.W)) || !Has(PageTables.A)) return false;
        bool isUserPage = Has(PageTables.U);
        if (mode == Privilege.User && !isUserPage) return false;
        if (mode == Privilege.Supervisor && isUserPage && (access == AccessKind.Fetch || !sum)) return false;
        return access switch
        {
            AccessKind.Fetch => Has(PageTables.X),
            AccessKind.Store => Has(PageTables.W) && Has(PageTables.D),
            _ => Has(PageTables.R) || (mxr && Has(PageTables.X)),
        };
    }

    private static ulong FaultOf(AccessKind access) =>
        access switch { AccessKind.Load => LoadFault, AccessKind.Store => StoreFault, _ => FetchFault };

    private static PageTables Fresh(TestHart hart, int levels)
    {
        hart.Write(PageTables.Root, new byte[0x5000]);
        var tables = new PageTables(hart, levels);
        hart.WriteCsr(Csr.Satp, tables.Satp);
        return tables;
    }

    /// <summary>A hart in S-mode with translation on; RAM's first 2 MiB and its code are mapped to themselves.</summary>
    private static TestHart Mapped(out PageTables tables)
    {
        var hart = new TestHart();
        hart.StartSupervisor();
        tables = Fresh(hart, 3);
        tables.Map(TestHart.Ram, TestHart.Ram, PageTables.Kernel, 1);
        tables.Map(TestHart.Code, TestHart.Code, PageTables.Kernel, 1);
        hart.WriteCsr(Csr.Stvec, TestHart.Ram + 0x1000);
        hart.Write(TestHart.Ram + 0x1000, Bytes(Jump(0)));
        return hart;
    }

    private static void AssertFaults(TestHart hart, uint instruction, ulong cause, ulong value)
    {
        ulong pc = hart.Pc;
        hart.Write(pc, Bytes(instruction));
        hart.Run();
        Assert.Equal(cause, hart.ReadCsr(Csr.Scause));
        Assert.Equal(value, hart.ReadCsr(Csr.Stval));
        Assert.Equal(pc, hart.ReadCsr(Csr.Sepc));
        hart.Pc = pc;
    }
}
