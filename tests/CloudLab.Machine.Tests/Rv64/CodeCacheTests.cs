using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Rv64.Interpreter;
using CloudLab.Machine.Scheduling;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Decoded code follows the memory it was decoded from.</summary>
public sealed class CodeCacheTests
{
    private const ulong Function = TestHart.Code + 0x1000;

    [Fact]
    public void Code_patched_by_its_own_hart_runs_as_patched_after_fence_i()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        hart.Write(Function, Bytes(Li(A0, 1), Jalr(Zero, Ra, 0)));
        hart.SetX(A2, Function);
        hart.SetX(A3, Li(A0, 2));
        hart.Execute(
            Jal(Ra, 0x1000), Add(A1, A0, Zero), Sw(A3, A2, 0), FenceI, Jalr(Ra, A2, 0));
        Assert.Equal((1UL, 2UL), (hart.X(A1), hart.X(A0)));
        Assert.Equal(1UL, hart.Hart.Counters.ReadExits(ExitCause.CacheMaintenance));
    }

    [Fact]
    public void A_loop_that_patches_itself_runs_each_patch()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        // a1 += n for n = 0, 1, 2 …, where n is the immediate of the first instruction and is raised in memory.
        hart.SetX(A2, hart.Pc);
        hart.SetX(A3, 1 << 20);
        hart.SetX(A4, 100);
        hart.Execute(
            Addi(A1, A1, 0), Lw(A5, A2, 0), Add(A5, A5, A3), Sw(A5, A2, 0), FenceI, Addi(A4, A4, -1), Bne(A4, Zero, -24));
        Assert.Equal(99UL * 100 / 2, hart.X(A1));
    }

    [Fact]
    public void A_store_through_another_mapping_of_the_page_drops_its_code()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        var tables = new PageTables(hart);
        tables.Map(TestHart.Code, TestHart.Code, PageTables.Kernel, 1);
        tables.Map(0x5000_0000, Function, PageTables.V | PageTables.R | PageTables.W | PageTables.A | PageTables.D);
        hart.WriteCsr(Csr.Satp, tables.Satp);
        hart.Write(Function, Bytes(Li(A0, 1), Jalr(Zero, Ra, 0)));
        hart.SetX(A2, Function);
        hart.SetX(A3, Li(A0, 2));
        hart.SetX(A4, 0x5000_0000);
        // The alias is opened for stores first, so that its TLB entry has to be withdrawn when the code is decoded.
        hart.Execute(
            Sw(Zero, A4, 0x100), Jalr(Ra, A2, 0), Add(A1, A0, Zero), Sw(A3, A4, 0), FenceI, Jalr(Ra, A2, 0));
        Assert.Equal((1UL, 2UL), (hart.X(A1), hart.X(A0)));
    }

    [Fact]
    public void A_device_that_writes_over_executed_code_drops_it()
    {
        using TestHart hart = TestHart.InSupervisorMode(Li(A0, 1), Jump(0));
        hart.Run();
        hart.Write(TestHart.Code, Bytes(Li(A0, 2)));
        hart.Pc = TestHart.Code;
        hart.Run();
        Assert.Equal(2UL, hart.X(A0));

        // By a transfer without a copy too.
        Assert.True(hart.Memory.TryGetBuffer(new GuestAddress(TestHart.Code), 4, out Memory<byte> buffer));
        Bytes(Li(A0, 3)).CopyTo(buffer);
        hart.Memory.MarkWritten(new GuestAddress(TestHart.Code), 4);
        hart.Pc = TestHart.Code;
        hart.Run();
        Assert.Equal(3UL, hart.X(A0));
    }

    [Fact]
    public void A_load_patched_before_it_runs_in_the_same_block_accesses_as_it_was_decoded()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        ulong data = TestHart.Code + 0x3ffc;
        hart.SetX(A2, hart.Pc + 4);
        hart.SetX(A3, Fld(31, A4, 0));
        hart.SetX(A4, data);
        hart.Write64(data, 0x1122_3344_5566_7788);
        // lw x0 across nothing, in its slow path, while memory holds an fld already.
        hart.Execute(Sw(A3, A2, 0), Lw(Zero, A4, 0), Addi(A5, Zero, 5));
        Assert.Equal(5UL, hart.X(A5));
        Assert.Equal(0UL, hart.F(31));
        Assert.Equal(0u, FloatFlags(hart));
    }

    [Fact]
    public void An_atomic_patched_before_it_runs_in_the_same_block_does_not_retry_for_ever()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        hart.WriteCsr(Csr.Medeleg, 0xb3ff);
        hart.WriteCsr(Csr.Stvec, TestHart.Code + 0x2000);
        hart.Write(TestHart.Code + 0x2000, Bytes(Jump(0)));
        hart.SetX(A2, hart.Pc + 4);
        hart.SetX(A3, Amo(0, 2, A5, A4, Zero));
        hart.SetX(A4, TestHart.Code + 0x4004);
        hart.Write(hart.Pc, Bytes(Sw(A3, A2, 0), Amo(0, 3, A5, A4, Zero), Jump(0)));
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.StoreAddressMisaligned, hart.ReadCsr(Csr.Scause));
    }

    [Fact]
    public void A_fetch_fault_does_not_turn_the_link_to_its_page_into_one_to_the_handler()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        var tables = new PageTables(hart);
        ulong code = 0x1234_5000;
        tables.Map(TestHart.Ram, TestHart.Ram, PageTables.Kernel, 1);
        tables.Map(TestHart.Code, TestHart.Code, PageTables.Kernel, 1);
        ulong place = tables.Map(code, Function, PageTables.Kernel);
        // A page whose TLB entry has the same index: its load evicts the running code's.
        ulong rival = code + ((ulong)TlbEntry.Count << 12);
        tables.Map(rival, Function + 0x1000, PageTables.Kernel);
        ulong stack = TestHart.Ram + 0x1000;
        hart.Write(stack, Bytes(Li(A5, 1), Jump(0)));
        hart.WriteCsr(Csr.Stvec, stack);
        hart.WriteCsr(Csr.Satp, tables.Satp);
        hart.Write(Function, Bytes(Sd(Zero, A2, 0), Ld(A4, A3, 0), Jump(8), Jump(0), Li(A6, 7), Jump(0)));
        hart.SetX(A2, place);
        tables.Map(place & ~0xfffUL, place & ~0xfffUL, PageTables.Kernel & ~PageTables.X);
        hart.SetX(A3, rival);
        hart.Pc = code;
        hart.Run();
        Assert.Equal((ulong)ExceptionCode.InstructionPageFault, hart.ReadCsr(Csr.Scause));
        Assert.Equal(1UL, hart.X(A5));

        tables.Map(code, Function, PageTables.Kernel);
        hart.Hart.Mmu.FlushTranslations();
        hart.SetX(A2, TestHart.Ram + 0x8000);
        hart.SetX(A5, 0);
        hart.Pc = code;
        hart.Run();
        Assert.Equal((0UL, 7UL), (hart.X(A5), hart.X(A6)));
    }

    [Fact]
    public void A_full_arena_starts_anew_and_goes_on()
    {
        // 100,000 blocks of two instructions take 8 MiB; decoded 16 times over they fill an arena of 32 MiB several times.
        using TestHart hart = TestHart.InSupervisorMode();
        const int Pages = 200;
        var page = new List<uint>();
        for (int block = 0; block < 512; block++)
        {
            page.Add(Addi(A0, A0, 1));
            page.Add(block == 511 ? Jalr(Zero, Ra, 0) : Jump(4));
        }

        byte[] bytes = Bytes([.. page]);
        for (int round = 0; round < 16; round++)
        {
            hart.SetX(A0, 0);
            for (int i = 0; i < Pages; i++) hart.Write(TestHart.Code + 0x10_0000 + ((ulong)i << 12), bytes);
            hart.SetX(A2, TestHart.Code + 0x10_0000);
            hart.SetX(A3, 4096);
            hart.SetX(A4, Pages);
            hart.Pc = TestHart.Code;
            hart.Write(hart.Pc, Bytes(Jalr(Ra, A2, 0), Add(A2, A2, A3), Addi(A4, A4, -1), Bne(A4, Zero, -12), Jump(0)));
            hart.Vcpu.Run(Pages * 1100);
            Assert.Equal(512UL * Pages, hart.X(A0));
        }
    }

    [Fact]
    public void Random_code_patched_by_devices_between_runs_is_what_runs()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        Gen.Select(Gen.Int[0, 40], Gen.Int[0, 1000], Gen.Int[1, 3]).Sample(
            (position, value, runs) =>
            {
                ulong start = TestHart.Code + 0xf80;
                hart.Write(start + ((ulong)position * 4), Bytes(Li(A0, value)));
                for (int i = position + 1; i < 42; i++) hart.Write(start + ((ulong)i * 4), Bytes(Nop));
                hart.Write(start + (42 * 4), Bytes(Jump(0)));
                for (int i = 0; i < runs; i++)
                {
                    hart.SetX(A0, 5000);
                    hart.Pc = start + ((ulong)position * 4);
                    hart.Vcpu.Run(200);
                    Assert.Equal((ulong)value, hart.X(A0));
                }
            },
            iter: 500, threads: 1);
    }

    private static unsafe uint FloatFlags(TestHart hart) => hart.Hart.State->FloatFlags;

    [Fact]
    public void A_hart_that_has_become_idle_gives_its_decoded_code_back_once_and_goes_on()
    {
        const int Sled = 300_000;
        using TestHart hart = TestHart.InSupervisorMode();
        ulong end = TestHart.Code + (4 * Sled);
        hart.Write(TestHart.Code, Bytes(Enumerable.Repeat(Addi(Zero, Zero, 0), Sled).ToArray()));
        hart.Write(end, Bytes(Addi(A1, A1, -1), Bne(A1, Zero, -4), Addi(A0, A0, 1), Wfi, Jump(-8)));
        hart.SetX(A1, IdleTrim.WorkInstructions / 2);
        hart.WriteCsr(Csr.Mie, InterruptBits.SupervisorSoftware);
        Assert.Equal(VcpuExit.Waiting, hart.Vcpu.Run((long)IdleTrim.WorkInstructions + Sled + 1000));
        ulong used = hart.Hart.Code.Used;
        Assert.True(used > IdleTrim.Threshold, $"{used}");

        // The window that has the work in it, then one without.
        WaitAgain(2);
        Assert.True(hart.Hart.Code.Used >= used);
        WaitAgain(3);
        Assert.Equal(0UL, hart.Hart.Code.Used);

        // All of it is decoded again, and kept: so little work is not worth another time.
        hart.Pc = end - (4 * Sled);
        hart.SetX(A1, 1);
        ulong waits = hart.X(A0);
        WaitAgain(4, Sled);
        Assert.Equal(waits + 1, hart.X(A0));
        WaitAgain(5);
        WaitAgain(6);
        Assert.True(hart.Hart.Code.Used > IdleTrim.Threshold);

        void WaitAgain(ulong windows, int more = 0)
        {
            hart.Time.Ticks = windows * IdleTrim.Window;
            hart.SetCsrBits(Csr.Sip, InterruptBits.SupervisorSoftware);
            Assert.Equal(VcpuExit.Budget, hart.Vcpu.Run(10));
            hart.ClearCsrBits(Csr.Sip, InterruptBits.SupervisorSoftware);
            Assert.Equal(VcpuExit.Waiting, hart.Vcpu.Run(more + 1000));
        }
    }
}
