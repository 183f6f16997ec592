using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Whatever a guest executes, a slice ends and nothing is thrown.</summary>
public sealed class RobustnessTests
{
    private const long Slice = 20_000;

    private static readonly Gen<uint> Word = Gen.Frequency(
        (2, Gen.UInt), (6, InstructionGenerator.WithMemory), (1, Gen.Select(Gen.UInt, i => (i & ~0x7fu) | 0x73)),
        (1, Gen.Select(Gen.UInt, Gen.OneOf<uint>(0x100, 0x105, 0x141, 0x180, 0x300, 0x302, 0x303, 0x305, 0x341, 0x30a, 0x14d), (i, csr) =>
            csr << 20 | (i & 0xf_8f80) | 0x1073 | (i >> 28 & 2) << 12)),
        (1, Gen.OneOf(Asm.Ecall, Asm.Ebreak, Asm.Sret, Asm.Mret, Asm.Wfi, Asm.FenceI, Asm.SfenceVma(0, 0), Asm.SfenceVma(10, 0), Asm.Jump(-8))),
        (1, Gen.Select(Gen.UInt, i => (i & ~0x7fu) | 0x53)), (1, Gen.Select(Gen.UInt, i => (i & ~0x7fu) | 0x6f)));

    private static readonly Gen<ulong> Pointer = Gen.Frequency(
        (4, Gen.ULong[TestHart.Ram, TestHart.Ram + (8 << 20) - 1]), (2, EdgeValues.Any), (1, Gen.ULong[TestHart.Code, TestHart.Code + 4096]),
        (1, Gen.ULong[PageTables.Root, PageTables.Root + 0x2000]), (1, Gen.Const(0x0c00_0000UL)));

    [Fact]
    public void A_slice_of_random_bytes_ends_in_every_mode_and_address_space()
    {
        using var hart = new TestHart();
        hart.Bus.Map(VirtMemoryMap.Plic, VirtMemoryMap.PlicSize, DeviceKind.Plic, new EmptyDevice());
        Gen.Select(Word.Array[1, 200], Pointer.Array[32], Word.Array[0, 30], Gen.Int[0, 5], Gen.OneOf(Privilege.User, Privilege.Supervisor, Privilege.Machine))
            .Sample(
                (code, registers, entries, tables, mode) =>
                {
                    hart.StartMachine();
                    hart.Write(TestHart.Code, Asm.Bytes(code));
                    for (uint i = 1; i < 32; i++)
                    {
                        hart.SetX(i, registers[i]);
                        hart.SetF(i, registers[31 - i]);
                    }

                    hart.WriteCsr(Csr.Medeleg, registers[1]);
                    hart.WriteCsr(Csr.Stvec, registers[2]);
                    hart.WriteCsr(Csr.Mtvec, registers[3]);
                    hart.WriteCsr(Csr.Mstatus, registers[4]);
                    hart.WriteCsr(Csr.Mie, registers[5]);
                    hart.WriteCsr(Csr.Menvcfg, registers[6]);
                    if (tables > 0)
                    {
                        var pages = new PageTables(hart, tables > 2 ? 4 : 3);
                        hart.Write(PageTables.Root, new byte[0x8000]);
                        pages.Map(TestHart.Code, TestHart.Code, PageTables.Kernel | (mode == Privilege.User ? PageTables.U : 0), 1);
                        pages.Map(TestHart.Ram, TestHart.Ram, PageTables.Kernel, 1);
                        for (int i = 0; i < entries.Length; i++)
                            hart.Write64(PageTables.Root + (entries[i] % 0x4000 & ~7UL), entries[i] * 0x1_0001UL << (i % 20));
                        hart.WriteCsr(Csr.Satp, pages.Satp);
                    }

                    hart.Pc = TestHart.Code;
                    hart.Hart.SetPrivilege(mode);
                    ulong before = hart.Vcpu.Instructions;
                    for (int i = 0; i < 2; i++) hart.Vcpu.Run(Slice);
                    Assert.True(hart.Vcpu.Instructions - before <= 2 * Slice);
                },
                iter: 4000, threads: 1);
    }

    [Fact]
    public void A_hart_that_can_only_trap_comes_to_the_end_of_its_slice()
    {
        foreach (ulong vector in new ulong[] { 0, 0x4000_0000, TestHart.Code, TestHart.Ram })
        {
            using TestHart hart = TestHart.InMachineMode(0);
            hart.WriteCsr(Csr.Mtvec, vector);
            Assert.Equal(VcpuExit.Budget, hart.Run());
            Assert.Equal(0UL, hart.Vcpu.Instructions);
        }
    }

    [Fact]
    public void What_is_asked_of_a_hart_that_does_not_run_is_bounded_and_done_when_it_runs()
    {
        using TestHart hart = TestHart.InSupervisorMode(Asm.Li(Asm.A0, 1), Asm.Jump(0));
        hart.Run();
        for (int i = 0; i < 10_000; i++) hart.Hart.Request(new HartRequest(HartRequestKind.WithdrawWrite, 1, 0));
        Assert.True(hart.Hart.PendingRequests <= 1024);
        // This one is not kept, but is served all the same.
        hart.Write(TestHart.Code, Asm.Bytes(Asm.Li(Asm.A0, 2)));
        hart.Pc = TestHart.Code;
        hart.Run();
        Assert.Equal(2UL, hart.X(Asm.A0));
        Assert.Equal(0, hart.Hart.PendingRequests);
    }

    private sealed class EmptyDevice : IMmioDevice
    {
        public ulong Read(ulong offset, int size) => offset * 0x9e37_79b9;

        public void Write(ulong offset, int size, ulong value)
        {
        }
    }
}
