using System.Buffers.Binary;
using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Scheduling;
using CloudLab.Machine.Tests.Rv64;
using Xunit;

namespace CloudLab.Machine.Tests.Litmus;

/// <summary>Runs one program on each hart of a machine, every hart on a thread of its own, until all of them wait.</summary>
internal static class HartThreads
{
    /// <summary>Where the first hart's program lies; the others follow, each with as much room.</summary>
    public const ulong Programs = TestHart.Code + 0x1_0000;

    private const ulong ProgramSize = 0x4000;

    // Short, so that a hart that spins soon gives its core to the one it waits for when there are fewer cores than harts.
    private const long Slice = 10_000;

    public static unsafe void Run(TestMachine machine, params IReadOnlyList<uint[]> programs)
    {
        Assert.Equal(machine.Vcpus.Count, programs.Count);
        for (int i = 0; i < programs.Count; i++)
        {
            Assert.InRange((ulong)programs[i].Length * 4, 0UL, ProgramSize);
            ulong start = Programs + ((ulong)i * ProgramSize);
            machine.Write(start, programs[i]);
            if (i != 0) Assert.Equal(SbiError.Success, machine.Call(SbiExtension.HartState, 0, (ulong)i, start).Error);
        }

        // SAFETY: no hart is running yet.
        machine.Vcpus[0].Hart.State->Pc = Programs;
        int harts = machine.Vcpus.Count;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Thread[] threads = [.. machine.Vcpus.Select(vcpu => new Thread(() =>
        {
            while (vcpu.Run(Slice) == VcpuExit.Budget && !cancellation.IsCancellationRequested)
                if (harts > Environment.ProcessorCount)
                    Thread.Yield();
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.False(cancellation.IsCancellationRequested);
    }

    public static byte[] Read(TestMachine machine, ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(machine.Memory.TryRead(new GuestAddress(address), bytes));
        return bytes;
    }

    public static ulong Read64(TestMachine machine, ulong address) =>
        BinaryPrimitives.ReadUInt64LittleEndian(Read(machine, address, 8));
}
