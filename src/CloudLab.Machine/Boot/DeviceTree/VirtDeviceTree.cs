using System.Globalization;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot.DeviceTree;

/// <summary>The device tree of a machine laid out as <see cref="VirtMemoryMap"/> says, with the nodes that QEMU's <c>virt</c> has.</summary>
internal static class VirtDeviceTree
{
    // Handles of nodes that others point to; hart n's interrupt controller is FirstHartHandle + n.
    private const uint PlicHandle = 1;
    private const uint TestHandle = 2;
    private const uint FirstHartHandle = 3;

    // Interrupt causes of the hart-local controller (RISC-V privileged specification, table of mcause values).
    private const uint MachineSoftware = 3;
    private const uint MachineTimer = 7;
    private const uint SupervisorExternal = 9;
    private const uint MachineExternal = 11;

    /// <summary>Builds the blob; it is a few KiB and read-only for the guest's purposes.</summary>
    public static byte[] Build(VirtMachineDescription machine)
    {
        var tree = new FlattenedDeviceTree();
        tree.BeginNode("");
        tree.Cells("#address-cells", 2);
        tree.Cells("#size-cells", 2);
        tree.Strings("compatible", "riscv-virtio");
        tree.Strings("model", "cloudlab,virt");
        AddChosen(tree, machine);
        AddMemory(tree, machine);
        AddCpus(tree, machine);
        AddPower(tree, "poweroff", "syscon-poweroff", 0x5555);
        AddPower(tree, "reboot", "syscon-reboot", 0x7777);
        tree.BeginNode("soc");
        tree.Cells("#address-cells", 2);
        tree.Cells("#size-cells", 2);
        tree.Strings("compatible", "simple-bus");
        tree.Property("ranges", []);
        AddTest(tree);
        AddInterruptControllers(tree, machine.Harts);
        AddUart(tree);
        AddRtc(tree);
        for (int slot = 0; slot < machine.VirtioSlots; slot++) AddVirtio(tree, slot);
        tree.EndNode();
        tree.EndNode();
        return tree.ToArray();
    }

    private static void AddChosen(FlattenedDeviceTree tree, VirtMachineDescription machine)
    {
        tree.BeginNode("chosen");
        tree.Strings("bootargs", machine.CommandLine);
        tree.Strings("stdout-path", $"/soc/{Name("serial", VirtMemoryMap.Uart)}");
        if (machine.InitramfsLength > 0)
        {
            tree.Wide("linux,initrd-start", machine.InitramfsStart.Value);
            tree.Wide("linux,initrd-end", machine.InitramfsStart.Add(machine.InitramfsLength).Value);
        }

        if (!machine.RngSeed.IsEmpty) tree.Property("rng-seed", machine.RngSeed.Span);
        foreach ((string name, ReadOnlyMemory<byte> value) in machine.Chosen) tree.Property(name, value.Span);
        tree.EndNode();
    }

    private static void AddMemory(FlattenedDeviceTree tree, VirtMachineDescription machine)
    {
        tree.BeginNode(Name("memory", VirtMemoryMap.Ram));
        tree.Strings("device_type", "memory");
        tree.Range("reg", VirtMemoryMap.Ram.Value, machine.MemorySize);
        tree.EndNode();
        if (!machine.ReservesFirmware) return;
        tree.BeginNode("reserved-memory");
        tree.Cells("#address-cells", 2);
        tree.Cells("#size-cells", 2);
        tree.Property("ranges", []);
        tree.BeginNode(Name("firmware", VirtMemoryMap.Ram));
        tree.Range("reg", VirtMemoryMap.Ram.Value, VirtMemoryMap.FirmwareReserve);
        tree.Property("no-map", []);
        tree.EndNode();
        tree.EndNode();
    }

    private static void AddCpus(FlattenedDeviceTree tree, VirtMachineDescription machine)
    {
        string[] extensions = [.. machine.IsaExtensions];
        tree.BeginNode("cpus");
        tree.Cells("#address-cells", 1);
        tree.Cells("#size-cells", 0);
        tree.Cells("timebase-frequency", VirtMemoryMap.TimebaseFrequency);
        for (uint hart = 0; hart < machine.Harts; hart++)
        {
            tree.BeginNode(string.Create(CultureInfo.InvariantCulture, $"cpu@{hart:x}"));
            tree.Strings("device_type", "cpu");
            tree.Cells("reg", hart);
            tree.Strings("status", "okay");
            tree.Strings("compatible", "riscv");
            tree.Strings("riscv,isa", IsaString(extensions));
            tree.Strings("riscv,isa-base", "rv64i");
            tree.Strings("riscv,isa-extensions", extensions);
            tree.Strings("mmu-type", machine.MmuType);
            if (extensions.Contains("zicbom")) tree.Cells("riscv,cbom-block-size", machine.CacheBlockSize);
            if (extensions.Contains("zicboz")) tree.Cells("riscv,cboz-block-size", machine.CacheBlockSize);
            tree.BeginNode("interrupt-controller");
            tree.Cells("#address-cells", 0);
            tree.Cells("#interrupt-cells", 1);
            tree.Property("interrupt-controller", []);
            tree.Strings("compatible", "riscv,cpu-intc");
            tree.Cells("phandle", FirstHartHandle + hart);
            tree.EndNode();
            tree.EndNode();
        }

        tree.EndNode();
    }

    // The older form for what does not know riscv,isa-extensions: rv64imafdc_zicsr_zifencei…
    private static string IsaString(string[] extensions)
    {
        string isa = "rv64";
        foreach (string extension in extensions) isa += extension.Length == 1 ? extension : $"_{extension}";
        return isa;
    }

    private static void AddPower(FlattenedDeviceTree tree, string name, string compatible, uint value)
    {
        tree.BeginNode(name);
        tree.Strings("compatible", compatible);
        tree.Cells("regmap", TestHandle);
        tree.Cells("offset", 0);
        tree.Cells("value", value);
        tree.EndNode();
    }

    private static void AddTest(FlattenedDeviceTree tree)
    {
        tree.BeginNode(Name("test", VirtMemoryMap.Test));
        tree.Strings("compatible", "sifive,test1", "sifive,test0", "syscon");
        tree.Range("reg", VirtMemoryMap.Test.Value, VirtMemoryMap.TestSize);
        tree.Cells("phandle", TestHandle);
        tree.EndNode();
    }

    private static void AddInterruptControllers(FlattenedDeviceTree tree, int harts)
    {
        tree.BeginNode(Name("clint", VirtMemoryMap.Aclint));
        tree.Strings("compatible", "sifive,clint0", "riscv,clint0");
        tree.Range("reg", VirtMemoryMap.Aclint.Value, VirtMemoryMap.AclintSize);
        tree.Cells("interrupts-extended", HartInputs(harts, MachineSoftware, MachineTimer));
        tree.EndNode();
        tree.BeginNode(Name("plic", VirtMemoryMap.Plic));
        tree.Strings("compatible", "sifive,plic-1.0.0", "riscv,plic0");
        tree.Range("reg", VirtMemoryMap.Plic.Value, VirtMemoryMap.PlicSize);
        tree.Cells("#address-cells", 0);
        tree.Cells("#interrupt-cells", 1);
        tree.Property("interrupt-controller", []);
        tree.Cells("riscv,ndev", VirtMemoryMap.InterruptSources);
        tree.Cells("interrupts-extended", HartInputs(harts, MachineExternal, SupervisorExternal));
        tree.Cells("phandle", PlicHandle);
        tree.EndNode();
    }

    private static uint[] HartInputs(int harts, uint first, uint second)
    {
        uint[] cells = new uint[harts * 4];
        for (int hart = 0; hart < harts; hart++)
        {
            cells[hart * 4] = cells[hart * 4 + 2] = FirstHartHandle + (uint)hart;
            cells[hart * 4 + 1] = first;
            cells[hart * 4 + 3] = second;
        }

        return cells;
    }

    private static void AddUart(FlattenedDeviceTree tree)
    {
        tree.BeginNode(Name("serial", VirtMemoryMap.Uart));
        tree.Strings("compatible", "ns16550a");
        tree.Range("reg", VirtMemoryMap.Uart.Value, VirtMemoryMap.UartSize);
        tree.Cells("clock-frequency", VirtMemoryMap.UartClock);
        AddInterrupt(tree, VirtMemoryMap.UartInterrupt);
        tree.EndNode();
    }

    private static void AddRtc(FlattenedDeviceTree tree)
    {
        tree.BeginNode(Name("rtc", VirtMemoryMap.Rtc));
        tree.Strings("compatible", "google,goldfish-rtc");
        tree.Range("reg", VirtMemoryMap.Rtc.Value, VirtMemoryMap.RtcSize);
        AddInterrupt(tree, VirtMemoryMap.RtcInterrupt);
        tree.EndNode();
    }

    private static void AddVirtio(FlattenedDeviceTree tree, int slot)
    {
        GuestAddress address = VirtMemoryMap.Virtio(slot);
        tree.BeginNode(Name("virtio_mmio", address));
        tree.Strings("compatible", "virtio,mmio");
        tree.Range("reg", address.Value, VirtMemoryMap.VirtioSize);
        AddInterrupt(tree, VirtMemoryMap.VirtioInterrupt + slot);
        tree.EndNode();
    }

    private static void AddInterrupt(FlattenedDeviceTree tree, int source)
    {
        tree.Cells("interrupt-parent", PlicHandle);
        tree.Cells("interrupts", (uint)source);
    }

    private static string Name(string name, GuestAddress address) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}@{address.Value:x}");
}
