using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Testing;

namespace CloudLab.Guest.Tests.Machine;

public sealed class PluggedDiskStateTests(BootImage image)
{
    private const int Size = 16 << 20;

    [Fact]
    public async Task A_guest_of_four_harts_is_saved_while_it_writes_to_a_plugged_in_disk_and_goes_on_in_another_machine()
    {
        using var directory = new TempDirectory();
        using var state = new MemoryStream();
        var disk = new CountingBackend(Size);
        MachineSpec spec = image.Spec("plugged-and-saved") with { VcpuCount = 4, MemorySize = 192UL << 20 };
        string sum;
        await using (TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, spec))
        {
            await guest.Shell.RunAsync("until [ -d /sys/class/scsi_host/host0 ]; do usleep 20000; done");
            Assert.True(await guest.Machine.AttachDiskAsync(7, disk));
            await guest.Shell.RunAsync("until [ -b /dev/sda ]; do usleep 20000; done");
            sum = (await guest.Shell.RunAsync("dd if=/dev/urandom of=/tmp/file bs=64k count=64 2>/dev/null; md5sum </tmp/file")).Split(' ')[0];
            Task busy = disk.AfterAsync(requests: 500);
            await guest.Shell.TypeAsync(
                "for i in 1 2 3 4; do dd if=/tmp/file of=/dev/sda bs=4k oflag=direct conv=notrunc 2>/dev/null; "
                + "dd if=/dev/sda bs=4k count=1024 iflag=direct 2>/dev/null | md5sum; done; echo $((40 + 2)) done\n");
            await busy;
            await guest.Machine.SaveAsync(state, directory["ram"], TestContext.Current.CancellationToken);
            await guest.Machine.PauseAsync();
            await guest.Machine.StopAsync();
        }

        // The machine ran on after the save and wrote the same bytes to the same places, which the restored one does again.
        state.Position = 0;
        VirtualMachine machine = await image.Hypervisor.RestoreAsync(
            spec with { Name = "plugged-and-restored", Console = new() }, state, directory["ram"],
            new Dictionary<int, IBlockBackend> { [7] = disk }, TestContext.Current.CancellationToken);
        await using TestGuest restored = TestGuest.Watch(machine);
        await machine.ResumeAsync();
        await restored.Shell.WaitForAsync("42 done\r\n");
        string[] sums = [.. restored.Shell.Screen.Split('\n').Where(line => line.EndsWith("  -\r", StringComparison.Ordinal))];
        Assert.NotEmpty(sums);
        Assert.All(sums, line => Assert.StartsWith(sum, line));

        // It is still the guest's disk, and can be pulled out.
        await restored.Shell.PromptAsync();
        await restored.Shell.RunAsync("! dmesg | grep -E 'I/O error|stall|BUG|Oops'");
        await machine.DetachDiskAsync(7);
        await restored.Shell.RunAsync("while [ -e /dev/sda ]; do usleep 20000; done");
    }
}
