using System.Security.Cryptography;
using CloudLab.Machine.Boot;
using CloudLab.Machine.Boot.DeviceTree;
using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Devices.Virtio.Console;
using CloudLab.Machine.Devices.Virtio.Entropy;
using CloudLab.Machine.Devices.Virtio.Input;
using CloudLab.Machine.Devices.Virtio.Scsi;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;

namespace CloudLab.Machine;

/// <summary>
/// The hardware of one machine, wired: RAM, harts, interrupt controllers and devices on the <c>virt</c> memory map.
/// Knows how to load and to reset; what runs when is <see cref="VirtualMachine"/>'s.
/// </summary>
/// <remarks>Built and commanded from the machine's command queue only, while no vCPU runs.</remarks>
internal sealed partial class VirtBoard : IDisposable
{
    // Slots 0 to 3 are disks, so that an agent or a new device never renames one.
    private const int ConsoleSlot = 4;
    private const int EntropySlot = 5;
    private const int InputSlot = 6;
    private const int ScsiSlot = 7;
    private const int RngSeedLength = 64;

    private static readonly string[] IsaExtensions =
        [
            "i", "m", "a", "f", "d", "c", "zicbom", "zicboz", "zicntr", "zicond", "zicsr", "zifencei", "zihintpause",
            "zba", "zbb", "zbs", "sstc",
        ];

    private readonly MachineSpec _spec;
    private readonly KernelImage _kernel;
    private readonly BootLayout _layout;
    private readonly Plic _plic;
    private readonly Aclint _aclint;
    private readonly GoldfishRtc _clock;
    private readonly InputDevice _input;
    private readonly Htif? _htif;
    private readonly List<BlockDevice> _disks = [];
    private readonly Dictionary<int, VirtioMmioTransport> _transports = [];

    /// <exception cref="MachineException">The images do not fit the memory, or the host has none for what loading them writes.</exception>
    public VirtBoard(MachineSpec spec, HypervisorOptions options, MemoryAccount? account, IPowerControl power, Action<int> wake)
    {
        _spec = spec;
        _kernel = KernelImage.Read(spec.Kernel.Pages, spec.StartMode);
        _layout = BootLayout.Plan(spec.MemorySize, _kernel, spec.Initramfs?.Pages, spec.Firmware?.Pages);
        Memory = new GuestMemory(VirtMemoryMap.Ram, spec.MemorySize, account);
        if (!Memory.TryKeep([.. _kernel.WrittenRanges, (_layout.DeviceTree, BootLayout.DeviceTreeRoom)]))
            throw new MachineException("no host memory is left to load the machine's images into") { IsForMemory = true };
        var bus = new MmioBus();
        var harts = new Hart[spec.VcpuCount];
        ulong codeCacheSize = options.CodeCacheSize / (ulong)harts.Length;
        for (int i = 0; i < harts.Length; i++) harts[i] = new Hart(i, Memory, Clock, codeCacheSize) { Peers = harts };
        Vcpus = [.. harts.Select(hart => new Rv64Vcpu(hart, bus, () => wake(hart.Id)))];
        if (spec.PlaysFirmware)
        {
            var firmware = new SbiFirmware(Vcpus, Memory, power, bytes => spec.Console.WriteOutput(bytes));
            foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Firmware = firmware;
        }

        var interrupts = new HartInterrupts(Vcpus);
        _plic = new Plic(interrupts);
        _aclint = new Aclint(interrupts, Clock);
        Uart = new Uart(spec.Console, _plic.Line(VirtMemoryMap.UartInterrupt));
        _clock = new GoldfishRtc(spec.WallClock, _plic.Line(VirtMemoryMap.RtcInterrupt));
        _htif = ConnectHtif(power);
        bus.Map(VirtMemoryMap.Test, VirtMemoryMap.TestSize, DeviceKind.Test, new TestDevice(power));
        bus.Map(VirtMemoryMap.Rtc, VirtMemoryMap.RtcSize, DeviceKind.Rtc, _clock);
        bus.Map(VirtMemoryMap.Aclint, VirtMemoryMap.AclintSize, DeviceKind.Aclint, _aclint);
        bus.Map(VirtMemoryMap.Plic, VirtMemoryMap.PlicSize, DeviceKind.Plic, _plic);
        bus.Map(VirtMemoryMap.Uart, VirtMemoryMap.UartSize, DeviceKind.Uart, Uart);

        foreach (IBlockBackend disk in spec.Disks)
        {
            var device = new BlockDevice(Memory, VirtioLine(_disks.Count), disk);
            Attach(bus, _disks.Count, DeviceKind.VirtioBlock, device);
            _disks.Add(device);
        }

        Agent = new ConsoleDevice(Memory, VirtioLine(ConsoleSlot));
        _input = new InputDevice(Memory, VirtioLine(InputSlot));
        Attach(bus, ConsoleSlot, DeviceKind.VirtioConsole, Agent);
        Attach(bus, EntropySlot, DeviceKind.VirtioEntropy, new EntropyDevice(Memory, VirtioLine(EntropySlot)));
        Attach(bus, InputSlot, DeviceKind.VirtioInput, _input);
        Adapter = new ScsiDevice(Memory, VirtioLine(ScsiSlot));
        Attach(bus, ScsiSlot, DeviceKind.VirtioScsi, Adapter);
        for (int slot = 0; slot < VirtMemoryMap.VirtioSlots; slot++)
            if (!_transports.ContainsKey(slot))
                bus.Map(VirtMemoryMap.Virtio(slot), VirtMemoryMap.VirtioSize, DeviceKind.VirtioEmpty, new EmptyVirtioSlot());
    }

    public GuestMemory Memory { get; }

    public GuestClock Clock { get; } = new();

    public IReadOnlyList<Rv64Vcpu> Vcpus { get; }

    public Uart Uart { get; }

    /// <summary>The device with the port that the guest's agent opens.</summary>
    public ConsoleDevice Agent { get; }

    /// <summary>Where disks are plugged in and out while the guest runs.</summary>
    public ScsiDevice Adapter { get; }

    /// <summary>Loads the images and makes the boot hart startable. RAM is zero.</summary>
    public void Load()
    {
        ImagePages? initramfs = _spec.Initramfs?.Pages;
        byte[] tree = VirtDeviceTree.Build(new VirtMachineDescription
        {
            Harts = Vcpus.Count,
            MemorySize = _spec.MemorySize,
            IsaExtensions = IsaExtensions,
            MmuType = "riscv,sv48",
            CommandLine = _spec.CommandLine,
            InitramfsStart = _layout.Initramfs,
            InitramfsLength = initramfs?.Length ?? 0,
            RngSeed = RandomNumberGenerator.GetBytes(RngSeedLength),
            Chosen = _spec.Chosen,
            ReservesFirmware = _spec.PlaysFirmware,
            VirtioSlots = VirtMemoryMap.VirtioSlots,
            CacheBlockSize = Hart.CacheBlockSize,
        });
        bool isLoaded = _kernel.TryLoad(Memory)
            && (initramfs is null || Memory.TryMapFile(_layout.Initramfs, initramfs))
            && (_spec.Firmware is null || Memory.TryMapFile(VirtMemoryMap.Ram, _spec.Firmware.Pages))
            && (ulong)tree.Length <= BootLayout.DeviceTreeRoom
            && Memory.TryWrite(_layout.DeviceTree, tree);
        if (!isLoaded) throw new InvalidOperationException("the boot layout does not hold what it was planned for");
        if (_spec.PlaysFirmware)
        {
            Vcpus[0].TryStart(_kernel.Entry.Value, _layout.DeviceTree.Value);
            return;
        }

        GuestAddress start = _spec.Firmware is null ? _kernel.Entry : VirtMemoryMap.Ram;
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.PowerOn(start.Value, _layout.DeviceTree.Value);
    }

    /// <summary>Returns everything to power-on, RAM to zero. Device I/O has drained.</summary>
    public void Reset()
    {
        foreach (VirtioMmioTransport transport in _transports.Values) transport.Reset();
        Uart.Reset();
        _clock.Reset();
        _plic.Reset();
        _aclint.Reset();
        _htif?.Reset();
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Reset();
        Memory.Clear();
        Clock.Reset();
    }

    /// <summary>Ends when no device transfers to or from RAM any more; they hold back new requests until <see cref="ResumeDevices"/>.</summary>
    public Task DrainAsync() => Task.WhenAll(_transports.Values.Select(transport => transport.Device.DrainAsync()));

    /// <summary>Lets devices go on after <see cref="DrainAsync"/>, and take what the host had no memory for.</summary>
    public void ResumeDevices()
    {
        foreach (VirtioMmioTransport transport in _transports.Values) transport.Device.Resume();
        _htif?.Resume();
    }

    public void PressPowerKey() => _input.PressPowerKey();

    /// <summary>Frees RAM and harts. No vCPU runs and device I/O has drained.</summary>
    public void Dispose()
    {
        Uart.Dispose();
        _clock.Dispose();
        foreach (BlockDevice disk in _disks) disk.Dispose();
        Adapter.Dispose();
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Dispose();
        Memory.Dispose();
    }

    /// <summary>Gives a kernel that names <c>tohost</c> its end of that interface.</summary>
    /// <exception cref="MachineException">The word is no RAM.</exception>
    private Htif? ConnectHtif(IPowerControl power)
    {
        if (_kernel.ToHost is not { } toHost) return null;
        if (!Memory.Contains(toHost, sizeof(ulong))) throw new MachineException($"the kernel's tohost at {toHost} is outside RAM");
        var htif = new Htif(Memory, toHost, _kernel.FromHost, bytes => _spec.Console.WriteOutput(bytes), power);
        Memory.Watch(toHost, htif.Serve);
        return htif;
    }

    private IInterruptLine VirtioLine(int slot) => _plic.Line(VirtMemoryMap.VirtioInterrupt + slot);

    private void Attach(MmioBus bus, int slot, DeviceKind kind, VirtioDevice device)
    {
        var transport = new VirtioMmioTransport(device);
        bus.Map(VirtMemoryMap.Virtio(slot), VirtMemoryMap.VirtioSize, kind, transport);
        _transports.Add(slot, transport);
    }
}
