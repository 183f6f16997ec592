using System.Buffers.Binary;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Rv64.Interpreter;
using Xunit;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>
/// The handlers' last calls must be jumps: here long chains of each kind run on a thread whose stack would be used up
/// by frames a thousand times over. A failure is a stack overflow, which ends the process.
/// </summary>
public sealed class StackUseTests
{
    private const int SmallStack = 256 * 1024;
    private const long Instructions = 5_000_000;
    private const ulong Code = 0x8000_0000;

    [Fact]
    public void Linked_blocks_use_no_stack() => Run(
        0x0012_8293, // addi t0, t0, 1
        0xffdf_f06f); // j -4

    [Fact]
    public void Indirect_jumps_use_no_stack() => Run(
        0x0000_0317, // auipc t1, 0
        0x0012_8293, // addi t0, t0, 1
        0x0003_0067); // jr t1

    [Fact]
    public void Loads_and_stores_that_cross_pages_use_no_stack() => Run(
        0x0000_2337, // lui t1, 2
        0x8000_03b7, // lui t2, 0x80000
        0x0203_9393, // slli t2, t2, 32
        0x0203_d393, // srli t2, t2, 32
        0x0063_8333, // add t1, t2, t1
        0xffc3_3283, // ld t0, -4(t1)
        0xfe53_3e23, // sd t0, -4(t1)
        0xff9f_f06f); // j -8

    private static unsafe void Run(params uint[] code)
    {
        using var memory = new GuestMemory(new GuestAddress(Code), 2 << 20);
        byte[] bytes = new byte[code.Length * 4];
        for (int i = 0; i < code.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), code[i]);
        Assert.True(memory.TryWrite(new GuestAddress(Code), bytes));
        using var hart = new Hart(0, memory, new StoppedClock());
        hart.State->Pc = Code;
        hart.BeginSlice(Instructions);
        ExitKind exit = ExitKind.None;
        var thread = new Thread(() => exit = new InterpreterEngine(hart).Run(), SmallStack);
        thread.Start();
        thread.Join();
        Assert.Equal(ExitKind.Budget, exit);
        Assert.InRange(hart.InstructionsNow, (ulong)Instructions - CodeBlock.MaxInstructions, (ulong)Instructions);
    }

    private sealed class StoppedClock : IGuestTime
    {
        public ulong Ticks => 0;
    }
}
