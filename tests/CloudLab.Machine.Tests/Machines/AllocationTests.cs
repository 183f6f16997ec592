using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Scheduling;
using CloudLab.Machine.Tests.Rv64;
using CloudLab.Machine.Tests.State;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>
/// In the steady state a guest makes no garbage. Guests run on the test's own thread, whose allocations are counted
/// exactly; a few bytes over thousands of operations are growth of something that is bounded.
/// </summary>
public sealed class AllocationTests
{
    private const long Slice = 150_000;
    private const long Constant = 4096;

    [Fact]
    public void Integer_code_allocates_nothing()
    {
        // Loads, stores, arithmetic, branches, a call and an indirect jump back.
        using TestHart hart = TestHart.InMachineMode(
            [.. LoadAddress(S0, TestHart.Ram + 0x10_0000), Ld(T0, S0, 0), Addi(T0, T0, 1), Sd(T0, S0, 0), Slli(T1, T0, 3),
            Jal(Ra, 8), Jump(-20), Add(T2, T1, T0), Jalr(Zero, Ra, 0)]);
        hart.Vcpu.Run(Slice);
        ulong before = hart.Hart.Counters.Instructions;
        long allocated = Allocated(() =>
        {
            for (int i = 0; i < 20; i++) hart.Vcpu.Run(Slice);
        });
        Assert.True(hart.Hart.Counters.Instructions - before > 19 * Slice);
        Assert.InRange(allocated, 0, Constant);
    }

    [Fact]
    public void Privileged_instructions_traps_and_device_accesses_allocate_nothing()
    {
        const uint Mtvec = 0x305, Mepc = 0x341, Satp = 0x180;
        // The handler goes on behind the ecall.
        uint[] handler = [Csrr(T6, Mepc), Addi(T6, T6, 4), Csrw(Mepc, T6), Mret];
        uint[] loop = [Csrr(T1, Mepc), Csrw(Satp, Zero), SfenceVma(0, 0), FenceI, Lw(T2, S0, 0), Sw(T2, S0, 0), Ecall];
        using TestHart hart = TestHart.InMachineMode(
            [Jump(20), .. handler, Auipc(T0, 0), Addi(T0, T0, -16), Csrw(Mtvec, T0), .. LoadAddress(S0, VirtMemoryMap.Rtc.Value),
            .. loop, Jump(-4 * loop.Length)]);
        hart.Bus.Map(VirtMemoryMap.Rtc, VirtMemoryMap.RtcSize, DeviceKind.Rtc, new TestDevice(new NoPower()));
        hart.SetCsrBits(0x300, 3 << 11);
        hart.Vcpu.Run(Slice);
        ulong before = hart.Hart.Counters.ReadLoads(DeviceKind.Rtc);
        long allocated = Allocated(() =>
        {
            for (int i = 0; i < 5; i++) hart.Vcpu.Run(Slice);
        });
        Assert.True(hart.Hart.Counters.ReadLoads(DeviceKind.Rtc) - before > 10_000);
        Assert.InRange(allocated, 0, Constant);
    }

    [Fact]
    public void Calls_to_the_firmware_allocate_nothing()
    {
        using var machine = new TestMachine(2);
        uint[] Call(ulong extension, int function, ulong a0, ulong a1) =>
            [.. LoadAddress(A7, extension), Li(A6, function), .. LoadAddress(A0, a0), .. LoadAddress(A1, a1), Ecall];
        uint[] calls =
        [
            .. Call(SbiExtension.Base, 0, 0, 0), .. Call(SbiExtension.Time, 0, ulong.MaxValue, 0), .. Call(SbiExtension.Ipi, 0, 3, 0),
            .. Call(SbiExtension.RemoteFence, 1, 0, ulong.MaxValue), .. Call(SbiExtension.HartState, 2, 1, 0),
        ];
        machine.Write(TestHart.Code, [.. calls, Jump(-4 * calls.Length)]);
        machine.Vcpus[0].Run(10 * Slice);
        long allocated = Allocated(() => machine.Vcpus[0].Run(10 * Slice));
        Assert.True(machine.Vcpus[0].Hart.Counters.ReadExits(CloudLab.Machine.Rv64.ExitCause.SbiIpi) > 10_000);
        Assert.InRange(allocated, 0, Constant);
    }

    [Fact]
    public async Task Block_requests_and_console_output_allocate_nothing()
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions { Workers = 1 });
        using GuestImage kernel = await hypervisor.LoadImageAsync("guest", new MemoryStream(StateGuest.Build()), TestContext.Current.CancellationToken);
        await using var disk = new MemoryBlockBackend(1 << 20);
        var console = new SerialConsole();
        using ConsoleAttachment attachment = console.Attach(replay: false);
        long printed = 0;
        console.OutputWritten += bytes => printed += bytes.Length;
        var spec = new MachineSpec
        {
            Name = "guest",
            VcpuCount = StateGuest.Harts,
            MemorySize = StateGuest.MemorySize,
            Kernel = kernel,
            Disks = [disk],
            Console = console,
        };
        using var board = new VirtBoard(spec, hypervisor.Options, null, new NoPower(), _ => { });
        board.Load();
        RunUntil(board, requests: 2000);
        long before = printed;
        long allocated = Allocated(() => RunUntil(board, requests: 12_000));
        Assert.True(printed - before >= 10_000);
        Assert.InRange(allocated, 0, Constant);
    }

    [Fact]
    public async Task Slices_of_the_scheduler_allocate_nothing()
    {
        using var scheduler = new VcpuScheduler(workers: 1);
        var engine = new MeasuringEngine();
        var task = new VcpuTask(engine, new CpuAllowance(1, VcpuScheduler.Now), 100, _ => TimeSpan.Zero, () => { }, _ => { });
        scheduler.Resume(task);
        long allocated = await engine.Allocated.Task.WaitAsync(TestContext.Current.CancellationToken);
        await scheduler.ParkAsync(task);
        Assert.InRange(allocated, 0, Constant);
    }

    private static long Allocated(Action run)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        run();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Runs the boot hart until the guest has done so many requests of its life.</summary>
    private static void RunUntil(VirtBoard board, ulong requests)
    {
        Span<byte> count = stackalloc byte[8];
        do
        {
            board.Vcpus[0].Run(Slice);
            board.Uart.Flush();
            board.Memory.TryRead(board.Memory.Start.Add(StateGuest.Requests), count);
        }
        while (BitConverter.ToUInt64(count) < requests);
    }

    private sealed class NoPower : IPowerControl
    {
        public void PowerOff()
        {
        }

        public void Reset()
        {
        }

        public void Fail(int code)
        {
        }
    }

    /// <summary>Ends its slices in turn by budget and by waiting, and measures the worker's allocations over ten thousand.</summary>
    private sealed class MeasuringEngine : IVcpuEngine
    {
        private const int First = 1000;
        private const int Last = 11_000;

        private int _slices;
        private long _before;

        public TaskCompletionSource<long> Allocated { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsRunnable => false;

        public ulong Deadline => 1;

        public ulong Instructions => 0;

        public VcpuExit Run(long instructions)
        {
            _slices++;
            if (_slices == First) _before = GC.GetAllocatedBytesForCurrentThread();
            else if (_slices == Last) Allocated.SetResult(GC.GetAllocatedBytesForCurrentThread() - _before);
            return _slices % 2 == 0 ? VcpuExit.Budget : VcpuExit.Waiting;
        }

        public void Kick()
        {
        }

        public void Reset()
        {
        }

        public void ReadCounters(IDictionary<string, ulong> exits, IDictionary<string, ulong> traps)
        {
        }

        public void Dispose()
        {
        }
    }
}
