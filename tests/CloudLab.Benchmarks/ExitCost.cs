using System.Globalization;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Machine;
using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;

namespace CloudLab.Benchmarks;

/// <summary>What counting an exit costs, beside the exit itself and over a boot.</summary>
/// <remarks>
/// The counting is in the product, always, so there is no build without it to compare with. Instead a guest exits in a
/// tight loop to a device that counts twelve times more, each time on another counter as different exits do: a twelfth of
/// the difference is what one costs where it happens.
/// </remarks>
internal static class ExitCost
{
    private const ulong Ram = 0x8000_0000;
    private const ulong MemorySize = 8UL << 20;
    private const long Slice = 150_000;
    private const int Slices = 20;
    private const int Rounds = 11;
    private const int MoreCounts = 12;

    // lui s0, 0x10000; loop: lw t1, 0(s0); j loop
    private static readonly uint[] Mmio = [0x1000_0437, 0x0004_2303, 0xffdf_f06f];

    // loop: csrr t1, mscratch; j loop
    private static readonly uint[] Csr = [0x3400_2373, 0xffdf_f06f];

    // loop: li a7, 0x10; li a6, 0; ecall; j loop
    private static readonly uint[] Sbi = [0x0100_0893, 0x0000_0813, 0x0000_0073, 0xff5f_f06f];

    public static async Task RunAsync(BuiltImage image)
    {
        var plain = new List<double>();
        var counting = new List<double>();
        var csr = new List<double>();
        var sbi = new List<double>();
        for (int i = 0; i < Rounds; i++)
        {
            plain.Add(Measure(Mmio, isMachineMode: true, countsMore: false));
            counting.Add(Measure(Mmio, isMachineMode: true, countsMore: true));
            csr.Add(Measure(Csr, isMachineMode: true, countsMore: false));
            sbi.Add(Measure(Sbi, isMachineMode: false, countsMore: false));
        }

        double count = (Median(counting) - Median(plain)) / MoreCounts;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"counting once: {count:f2} ns of CPU time; median of {Rounds}"));
        Report("load from a device", Median(plain), count);
        Report("privileged CSR", Median(csr), count);
        Report("call to the firmware", Median(sbi), count);
        await BootAsync(image, count);
    }

    private static void Report(string exit, double nanoseconds, double count) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{exit}: {nanoseconds:f1} ns an exit in a tight loop, counting is {count / nanoseconds:p2} of it"));

    private static async Task BootAsync(BuiltImage image, double count)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using BootedGuest guest = await BootedGuest.LoadAsync(hypervisor, image);
        await using VirtualMachine machine = hypervisor.Create(guest.Spec("boot", 256UL << 20));
        await machine.StartAsync();
        await BootedGuest.PromptAsync(machine);
        MachineMetrics metrics = machine.ReadMetrics();
        ulong counted = metrics.Exits.Values.Concat(metrics.Traps.Values).Aggregate((sum, value) => sum + value);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a boot: {counted} exits and traps counted in {metrics.CpuTime.TotalSeconds:f2} s of the vCPU's CPU time: {counted * count / 1e9 / metrics.CpuTime.TotalSeconds:p3}"));
    }

    /// <summary>CPU time of this thread in nanoseconds for each turn of the loop, which exits once.</summary>
    private static double Measure(uint[] code, bool isMachineMode, bool countsMore)
    {
        using var memory = new GuestMemory(new GuestAddress(Ram), MemorySize);
        memory.TryWrite(new GuestAddress(Ram), code.SelectMany(BitConverter.GetBytes).ToArray());
        var bus = new MmioBus();
        var hart = new Hart(0, memory, new GuestClock());
        hart.Peers = [hart];
        bus.Map(VirtMemoryMap.Uart, VirtMemoryMap.UartSize, DeviceKind.Uart, new CountingDevice(hart.Counters, countsMore));
        using var vcpu = new Rv64Vcpu(hart, bus, () => { });
        if (isMachineMode)
        {
            vcpu.PowerOn(Ram, 0);
        }
        else
        {
            vcpu.Firmware = new SbiFirmware([vcpu], memory, new NoPower(), _ => { });
            vcpu.TryStart(Ram, 0);
        }

        for (int i = 0; i < Slices; i++) vcpu.Run(Slice);
        ulong before = Exits(hart.Counters);
        long start = ThreadCpuClock.Nanoseconds;
        for (int i = 0; i < Slices; i++) vcpu.Run(Slice);
        long used = ThreadCpuClock.Nanoseconds - start;
        return used / (double)(Exits(hart.Counters) - before);
    }

    private static ulong Exits(HartCounters counters) =>
        counters.ReadLoads(DeviceKind.Uart) + counters.ReadExits(ExitCause.SystemRegister) + counters.ReadExits(ExitCause.SbiBase);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>Reads as zero, and counts.</summary>
    private sealed class CountingDevice(HartCounters counters, bool isCounting) : IMmioDevice
    {
        public ulong Read(ulong offset, int size)
        {
            if (isCounting) CountMore();
            return 0;
        }

        // Not those that Exits reads. Written out, as the places that count are.
        private void CountMore()
        {
            counters.Exit(ExitCause.AddressMapping);
            counters.Exit(ExitCause.TlbInvalidation);
            counters.Exit(ExitCause.CacheMaintenance);
            counters.Exit(ExitCause.ModeChange);
            counters.Exit(ExitCause.Halt);
            counters.Exit(ExitCause.SbiTime);
            counters.Exit(ExitCause.SbiIpi);
            counters.Exit(ExitCause.SbiRemoteFence);
            counters.Exit(ExitCause.SbiHartState);
            counters.Exit(ExitCause.SbiSystemReset);
            counters.Exit(ExitCause.SbiDebugConsole);
            counters.Exit(ExitCause.SbiUnknown);
        }

        public void Write(ulong offset, int size, ulong value)
        {
        }
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
}
