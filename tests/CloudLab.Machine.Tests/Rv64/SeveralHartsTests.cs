using System.Buffers.Binary;
using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Harts on threads of their own, on one memory.</summary>
public sealed class SeveralHartsTests
{
    private const ulong Program = TestHart.Code + 0x1000;
    private const ulong Function = TestHart.Code + 0x3000;
    private const ulong Data = TestHart.Ram + 0x5000;
    private const int Rounds = 20_000;

    [Fact]
    public void Atomic_additions_of_several_harts_lose_none()
    {
        using var machine = new TestMachine(4);
        Run(
            machine,
            [
                .. LoadAddress(S0, Data), .. LoadAddress(S1, Rounds), Li(T0, 1),
                Amo(0, 3, Zero, S0, T0), Addi(S1, S1, -1), Bne(S1, Zero, -8), Wfi, Jump(-4),
            ]);
        Assert.Equal(4UL * Rounds, Read(machine, Data));
    }

    [Fact]
    public void Load_reserved_and_store_conditional_of_several_harts_lose_none()
    {
        using var machine = new TestMachine(4);
        Run(
            machine,
            [
                .. LoadAddress(S0, Data), .. LoadAddress(S1, Rounds),
                Amo(2, 2, T0, S0, Zero), Addi(T0, T0, 1), Amo(3, 2, T1, S0, T0), Bne(T1, Zero, -12),
                Addi(S1, S1, -1), Bne(S1, Zero, -20), Wfi, Jump(-4),
            ]);
        Assert.Equal(4UL * Rounds, Read(machine, Data));
    }

    [Fact]
    public void A_spin_lock_made_of_a_swap_protects_plain_accesses()
    {
        using var machine = new TestMachine(2);
        Run(
            machine,
            [
                .. LoadAddress(S0, Data), .. LoadAddress(S1, Rounds), Li(T0, 1),
                Amo(1, 2, T1, S0, T0), Bne(T1, Zero, -4), // lock
                Ld(T2, S0, 64), Addi(T2, T2, 1), Sd(T2, S0, 64), Amo(1, 2, Zero, S0, Zero), // add, unlock
                Addi(S1, S1, -1), Bne(S1, Zero, -28), Wfi, Jump(-4),
            ]);
        Assert.Equal(2UL * Rounds, Read(machine, Data + 64));
    }

    [Fact]
    public void Code_that_another_hart_patches_runs_as_patched_after_fence_i()
    {
        using var machine = new TestMachine(2);
        machine.Write(Function, Li(A0, 0), Jalr(Zero, Ra, 0));
        // Hart 0 opens the page for stores, waits until hart 1 executes from it, and patches it, many times.
        uint[] writer =
        [
            .. LoadAddress(S0, Function), .. LoadAddress(S1, Data), .. LoadAddress(S2, Li(A0, 0)), .. LoadAddress(S3, 1 << 20), Li(S4, 200),
            R(0, 0, 0x33, S2, S2, S3), Sw(S2, S0, 0), 0x0ff0_000f, // the next value's li, and a fence
            Ld(T0, S1, 0), R(0x20, 0, 0x33, T0, T0, A5), Bne(T0, Zero, -8), // until hart 1 returned it
            Addi(A5, A5, 1), Addi(S4, S4, -1), Bne(S4, Zero, -32), Wfi, Jump(-4),
        ];
        uint[] reader =
        [
            .. LoadAddress(S0, Function), .. LoadAddress(S1, Data), .. LoadAddress(S2, 200),
            FenceI, Jalr(Ra, S0, 0), Sd(A0, S1, 0), Bne(A0, S2, -12), Wfi, Jump(-4),
        ];
        uint[] both = [Bne(A0, Zero, 8 + (writer.Length * 4)), Li(A5, 1), .. writer, .. reader];
        Run(machine, both);
        Assert.Equal(200UL, Read(machine, Data));
    }

    private static ulong Read(TestMachine machine, ulong address)
    {
        byte[] bytes = new byte[8];
        machine.Memory.TryRead(new GuestAddress(address), bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Runs the program on every hart, each on a thread, until all wait.</summary>
    private static unsafe void Run(TestMachine machine, uint[] program)
    {
        machine.Write(Program, program);
        for (int i = 1; i < machine.Vcpus.Count; i++)
            Assert.Equal(SbiError.Success, machine.Call(SbiExtension.HartState, 0, (ulong)i, Program, 0).Error);
        HartState* first = machine.Vcpus[0].Hart.State;
        first->X[A0] = 0;
        first->Pc = Program;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Thread[] threads = [.. machine.Vcpus.Select(vcpu => new Thread(() =>
        {
            while (vcpu.Run(50_000) == VcpuExit.Budget && !cancellation.IsCancellationRequested)
            {
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.False(cancellation.IsCancellationRequested);
    }
}
