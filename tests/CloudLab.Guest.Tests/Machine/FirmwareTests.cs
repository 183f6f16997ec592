using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;
using CloudLab.Machine.Console;
using CloudLab.Testing;

namespace CloudLab.Guest.Tests.Machine;

/// <summary>Machines that start in M-mode with firmware of their own, and another payload than Linux.</summary>
public sealed class FirmwareTests(BootImage image)
{
    [Fact]
    public async Task Opensbi_boots_the_stock_kernel_on_two_harts()
    {
        using GuestImage firmware = await LoadAsync(await TestFirmware.OpenSbiAsync(TestContext.Current.CancellationToken));
        MachineSpec spec = image.Spec("opensbi") with { Firmware = firmware, VcpuCount = 2 };
        await using TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, spec);
        Assert.Contains("OpenSBI v", guest.Shell.Screen, StringComparison.Ordinal);
        Assert.Equal("2", await guest.Shell.RunAsync("nproc"));
        // What M-mode does for the kernel are traps of the guest's, not calls to the VMM.
        Assert.Equal(0UL, guest.Machine.ReadMetrics().Exits["sbi.base"]);
        await guest.Shell.TypeAsync("poweroff -f\n");
        Assert.Equal(StopReason.GuestPowerOff, (await guest.StatusAsync(s => s.State == MachineState.Stopped)).StopReason);
    }

    [Fact]
    public async Task Uboot_reaches_its_prompt()
    {
        using GuestImage uboot = await LoadAsync(await TestFirmware.UBootAsync(TestContext.Current.CancellationToken));
        MachineSpec spec = image.Spec("u-boot") with { Kernel = uboot, Initramfs = null };
        await using VirtualMachine machine = image.Hypervisor.Create(spec);
        using ConsoleAttachment console = spec.Console.Attach(replay: true);
        var shell = new Shell(console.ReadAsync, (bytes, _) =>
        {
            console.Write(bytes);
            return ValueTask.CompletedTask;
        });
        await machine.StartAsync();
        await shell.WaitForAsync("stop autoboot");
        await shell.TypeAsync("\r");
        await shell.WaitForAsync("=> ");
        await shell.TypeAsync("echo reached ${arch}\r");
        await shell.WaitForAsync("reached riscv");
    }

    private async Task<GuestImage> LoadAsync(string path)
    {
        await using FileStream file = File.OpenRead(path);
        return await image.Hypervisor.LoadImageAsync(Path.GetFileName(path), file, TestContext.Current.CancellationToken);
    }
}
