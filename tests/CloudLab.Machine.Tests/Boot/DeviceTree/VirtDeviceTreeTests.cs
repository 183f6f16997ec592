using CloudLab.Machine.Boot.DeviceTree;
using CloudLab.Machine.Memory;
using Xunit;

namespace CloudLab.Machine.Tests.Boot.DeviceTree;

public sealed class VirtDeviceTreeTests
{
    private static readonly VirtMachineDescription Machine = new()
    {
        Harts = 4,
        MemorySize = 512 << 20,
        IsaExtensions = ["i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "sstc"],
        MmuType = "riscv,sv48",
        CommandLine = "console=ttyS0 quiet",
        InitramfsStart = new GuestAddress(0x8400_0000),
        InitramfsLength = 0x12345,
        RngSeed = new byte[] { 1, 2, 3, 4, 5 },
        VirtioSlots = 3,
    };

    [Fact]
    public void Chosen_says_how_to_boot()
    {
        ParsedTree chosen = Build(Machine)["chosen"];
        Assert.Equal(["console=ttyS0 quiet"], chosen.Strings("bootargs"));
        Assert.Equal([0x8400_0000UL], chosen.Wides("linux,initrd-start"));
        Assert.Equal([0x8401_2345UL], chosen.Wides("linux,initrd-end"));
        Assert.Equal([1, 2, 3, 4, 5], chosen.Properties["rng-seed"]);
        string console = Assert.Single(chosen.Strings("stdout-path"));
        Assert.Equal(["ns16550a"], Build(Machine)[console].Strings("compatible"));
    }

    [Fact]
    public void Without_initramfs_seed_and_firmware_their_properties_are_not_there()
    {
        ParsedTree root = Build(Machine with { InitramfsLength = 0, RngSeed = default, ReservesFirmware = false });
        Assert.Equal(["bootargs", "stdout-path"], root["chosen"].Properties.Keys);
        Assert.DoesNotContain(root.Children, child => child.Name == "reserved-memory");
    }

    [Fact]
    public void Memory_starts_at_2_GiB_and_its_first_2_MiB_are_the_firmwares()
    {
        ParsedTree root = Build(Machine);
        Assert.Equal([0x8000_0000UL, 512UL << 20], root["memory@80000000"].Wides("reg"));
        ParsedTree firmware = root["reserved-memory/firmware@80000000"];
        Assert.Equal([0x8000_0000UL, 2UL << 20], firmware.Wides("reg"));
        Assert.Contains("no-map", firmware.Properties.Keys);
    }

    [Fact]
    public void Each_hart_tells_its_instruction_set_in_both_forms()
    {
        ParsedTree cpus = Build(Machine)["cpus"];
        Assert.Equal([10_000_000u], cpus.Cells("timebase-frequency"));
        Assert.Equal(4, cpus.Children.Count);
        for (uint hart = 0; hart < 4; hart++)
        {
            ParsedTree cpu = cpus[$"cpu@{hart}"];
            Assert.Equal([hart], cpu.Cells("reg"));
            Assert.Equal(["rv64imafdc_zicntr_zicsr_zifencei_sstc"], cpu.Strings("riscv,isa"));
            Assert.Equal(["rv64i"], cpu.Strings("riscv,isa-base"));
            Assert.Equal(Machine.IsaExtensions, cpu.Strings("riscv,isa-extensions"));
            Assert.Equal(["riscv,sv48"], cpu.Strings("mmu-type"));
        }
    }

    [Fact]
    public void Interrupt_controllers_are_wired_to_every_hart()
    {
        ParsedTree root = Build(Machine);
        uint[] harts = [.. root["cpus"].Children.Select(cpu => cpu["interrupt-controller"].Cells("phandle")[0])];
        Assert.Equal(harts.SelectMany(hart => new uint[] { hart, 11, hart, 9 }), root["soc/plic@c000000"].Cells("interrupts-extended"));
        Assert.Equal(harts.SelectMany(hart => new uint[] { hart, 3, hart, 7 }), root["soc/clint@2000000"].Cells("interrupts-extended"));
        Assert.Equal([95u], root["soc/plic@c000000"].Cells("riscv,ndev"));
    }

    [Fact]
    public void Devices_are_where_QEMUs_virt_has_them()
    {
        ParsedTree soc = Build(Machine)["soc"];
        uint plic = soc["plic@c000000"].Cells("phandle")[0];
        (string Node, ulong Address, uint Interrupt)[] devices =
        [
            ("serial@10000000", 0x1000_0000, 10), ("rtc@101000", 0x10_1000, 11),
            ("virtio_mmio@10001000", 0x1000_1000, 1), ("virtio_mmio@10003000", 0x1000_3000, 3),
        ];
        foreach ((string name, ulong address, uint interrupt) in devices)
        {
            Assert.Equal(address, soc[name].Wides("reg")[0]);
            Assert.Equal([interrupt], soc[name].Cells("interrupts"));
            Assert.Equal([plic], soc[name].Cells("interrupt-parent"));
        }

        Assert.Equal(3, soc.Children.Count(child => child.Name.StartsWith("virtio_mmio", StringComparison.Ordinal)));
    }

    [Fact]
    public void Power_off_and_reboot_write_to_the_test_device()
    {
        ParsedTree root = Build(Machine);
        uint test = root["soc/test@100000"].Cells("phandle")[0];
        Assert.Contains("syscon", root["soc/test@100000"].Strings("compatible"));
        Assert.Equal([test], root["poweroff"].Cells("regmap"));
        Assert.Equal([0x5555u], root["poweroff"].Cells("value"));
        Assert.Equal([0x7777u], root["reboot"].Cells("value"));
    }

    [Fact]
    public void Handles_are_unique()
    {
        var handles = new List<uint>();
        Collect(Build(Machine));
        Assert.Equal(handles.Distinct(), handles);

        void Collect(ParsedTree node)
        {
            if (node.Properties.ContainsKey("phandle")) handles.AddRange(node.Cells("phandle"));
            node.Children.ForEach(Collect);
        }
    }

    private static ParsedTree Build(VirtMachineDescription machine) => ParsedTree.Parse(VirtDeviceTree.Build(machine));
}
