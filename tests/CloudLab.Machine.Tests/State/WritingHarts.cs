using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Tests.Rv64;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.State;

/// <summary>Harts, each on a thread of its own, that store to all pages of a range again and again, and a device that does too.</summary>
internal sealed unsafe class WritingHarts : IDisposable
{
    private readonly Rv64Vcpu[] _vcpus;
    private readonly ulong _start;
    private readonly int _pages;
    private volatile bool _isStopping;

    public WritingHarts(int harts, ulong start, int pages)
    {
        _start = start;
        _pages = pages;
        Memory = new GuestMemory(new GuestAddress(TestHart.Ram), 4 << 20);
        var all = new Hart[harts];
        for (int i = 0; i < harts; i++) all[i] = new Hart(i, Memory, new ManualTime()) { Peers = all };
        _vcpus = [.. all.Select(hart => new Rv64Vcpu(hart, new MmioBus(), () => { }))];
        // Each hart stores its count to a place of its own in every page, and adds to one that all share.
        Memory.TryWrite(Memory.Start, Bytes(
            [
                Slli(S1, A0, 3), Lui(T3, 0x1000),
                .. LoadAddress(S0, start), .. LoadAddress(S2, start + ((ulong)pages << 12)), Li(T0, 0),
                Addi(T0, T0, 1), Add(T1, S0, S1),
                Sd(T0, T1, 0), Amo(0, 3, Zero, S0, T0), Add(T1, T1, T3), Bltu(T1, S2, -12), Jump(-24),
            ]));
        foreach (Rv64Vcpu vcpu in _vcpus) vcpu.PowerOn(TestHart.Ram, 0);
    }

    public GuestMemory Memory { get; }

    /// <summary>How often the device has written.</summary>
    public int Rounds { get; private set; }

    public Task RunAsync() => Task.WhenAll(
        [.. _vcpus.Select(vcpu => Task.Factory.StartNew(() => Run(vcpu), TaskCreationOptions.LongRunning)), Task.Factory.StartNew(RunDevice, TaskCreationOptions.LongRunning)]);

    public Task StopAsync(Task running)
    {
        _isStopping = true;
        return running;
    }

    public void Dispose()
    {
        foreach (Rv64Vcpu vcpu in _vcpus) vcpu.Dispose();
        Memory.Dispose();
    }

    private void Run(Rv64Vcpu vcpu)
    {
        while (!_isStopping) vcpu.Run(10_000);
    }

    private void RunDevice()
    {
        byte[] bytes = new byte[64];
        while (!_isStopping)
        {
            bytes.AsSpan().Fill((byte)++Rounds);
            Memory.TryWrite(new GuestAddress(_start + ((ulong)(Rounds % _pages) << 12) + 2048), bytes);
        }
    }
}
