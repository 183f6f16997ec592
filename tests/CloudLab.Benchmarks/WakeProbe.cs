using System.Buffers.Binary;
using System.Diagnostics;
using CloudLab.Machine;
using CloudLab.Machine.Console;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Benchmarks;

/// <summary>
/// How long an idle hart takes from an interrupt to its first instructions, without an operating system in between: bare
/// programs that sleep in WFI beside the other guests.
/// </summary>
internal static class WakeProbe
{
    private const ulong Uart = 0x1000_0000, PlicPriority = 0x0c00_0028, PlicEnable = 0x0c00_2080, PlicContext = 0x0c20_1000;
    private const uint Sie = 0x104, Stimecmp = 0x14d, Time = 0xc01;
    private const int TicksPerMillisecond = 10_000;

    /// <summary>Milliseconds from a key to the guest's answer as its UART puts it out; sorted.</summary>
    public static async Task<double[]> KeysAsync(Hypervisor hypervisor, int count)
    {
        var console = new SerialConsole();
        long answeredAt = 0;
        using var answered = new SemaphoreSlim(0);
        console.OutputWritten += _ =>
        {
            Volatile.Write(ref answeredAt, Stopwatch.GetTimestamp());
            answered.Release();
        };
        using GuestImage code = await hypervisor.LoadImageAsync("echo", new MemoryStream(Echo()), CancellationToken.None);
        await using VirtualMachine machine = await StartAsync(hypervisor, code, console);
        double[] milliseconds = new double[count];
        for (int i = 0; i < count; i++)
        {
            await Task.Delay(5);
            long sent = Stopwatch.GetTimestamp();
            console.WriteInput([(byte)'x']);
            await answered.WaitAsync();
            milliseconds[i] = Stopwatch.GetElapsedTime(sent, Volatile.Read(ref answeredAt)).TotalMilliseconds;
        }

        Array.Sort(milliseconds);
        return milliseconds;
    }

    /// <summary>Milliseconds by which a timer interrupt is late, by the guest's own clock; sorted.</summary>
    public static async Task<double[]> TimersAsync(Hypervisor hypervisor, int count)
    {
        var console = new SerialConsole();
        using GuestImage code = await hypervisor.LoadImageAsync("timer", new MemoryStream(LateTimers()), CancellationToken.None);
        using ConsoleAttachment attachment = console.Attach(replay: false);
        await using VirtualMachine machine = await StartAsync(hypervisor, code, console);
        var bytes = new List<byte>();
        while (bytes.Count < count * 4) bytes.AddRange(await attachment.ReadAsync(CancellationToken.None));
        double[] milliseconds = [.. Enumerable.Range(0, count)
            .Select(i => BinaryPrimitives.ReadUInt32LittleEndian(bytes.GetRange(i * 4, 4).ToArray()) / (double)TicksPerMillisecond)
            .Order()];
        return milliseconds;
    }

    private static async Task<VirtualMachine> StartAsync(Hypervisor hypervisor, GuestImage code, SerialConsole console)
    {
        VirtualMachine machine = hypervisor.Create(new MachineSpec
        {
            Name = "wake",
            MemorySize = 64UL << 20,
            Kernel = code,
            Console = console,
        });
        await machine.StartAsync();
        return machine;
    }

    /// <summary>For ever: sleeps until the UART interrupts, claims that, and sends back what came.</summary>
    private static byte[] Echo() => Bytes(
    [
        .. LoadAddress(S0, Uart), .. LoadAddress(S1, PlicPriority), .. LoadAddress(T0, PlicEnable), .. LoadAddress(S2, PlicContext),
        Li(T1, 1), Sw(T1, S1, 0), Li(T1, 1 << 10), Sw(T1, T0, 0), Sw(Zero, S2, 0),
        Li(T1, 1), Sb(T1, S0, 1), Li(T1, 1 << 9), Csrw(Sie, T1),
        Wfi, Lw(T1, S2, 4), Beq(T1, Zero, -8), Lbu(T2, S0, 0), Sb(T2, S0, 0), Sw(T1, S2, 4), Jump(-24),
    ]);

    /// <summary>For ever: sleeps for 3 ms, and writes 4 bytes by how many ticks it woke late.</summary>
    private static byte[] LateTimers() => Bytes(
    [
        .. LoadAddress(S0, Uart), .. LoadAddress(S1, 3 * TicksPerMillisecond), Li(T1, 1 << 5), Csrw(Sie, T1),
        Csrr(T0, Time), Add(T0, T0, S1), Csrw(Stimecmp, T0), Wfi, Csrr(T1, Time), R(0x20, 0, 0x33, T1, T1, T0), Li(T3, 4),
        Sb(T1, S0, 0), I(5, 0x13, T1, T1, 8), Addi(T3, T3, -1), Bne(T3, Zero, -12), Jump(-44),
    ]);
}
