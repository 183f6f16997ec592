using System.Security.Cryptography;
using CloudLab.Guest.Tests.Harness;

namespace CloudLab.Guest.Tests.Machine;

public sealed class PluggedDiskTests(BootImage image)
{
    private const int Mebibyte = 1 << 20;

    [Fact]
    public async Task A_disk_is_plugged_in_written_grown_and_pulled_out_while_the_guest_runs()
    {
        byte[] content = RandomNumberGenerator.GetBytes(32 * Mebibyte);
        await using var disk = new GrowingDisk(content, 16 * Mebibyte, "vol-plugged");
        await using TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, image.Spec("plugged"));
        Shell shell = guest.Shell;
        await shell.RunAsync("until [ -d /sys/class/scsi_host/host0 ]; do usleep 20000; done");

        Assert.True(await guest.Machine.AttachDiskAsync(3, disk));
        Assert.False(await guest.Machine.AttachDiskAsync(3, disk));
        await shell.RunAsync("until [ -b /dev/sda ]; do usleep 20000; done");
        Assert.Equal("32768", await shell.RunAsync("cat /sys/block/sda/size"));
        Assert.Equal("write back", await shell.RunAsync("cat /sys/class/scsi_disk/*/cache_type"));
        Assert.Equal("unmap", await shell.RunAsync("cat /sys/class/scsi_disk/*/provisioning_mode"));
        Assert.Equal("0", await shell.RunAsync("cat /sys/block/sda/queue/rotational"));
        Assert.Contains("vol-plugged", await shell.RunAsync("cat /sys/block/sda/device/vpd_pg80"), StringComparison.Ordinal);

        Assert.Equal(Sum(content.AsSpan(0, 16 * Mebibyte)), await SumAsync(shell));
        await shell.RunAsync("yes 'a line of text' | dd of=/dev/sda bs=512 seek=3 count=4099 iflag=fullblock conv=fsync,notrunc 2>/dev/null");
        Assert.Equal("a line of text\n"u8.ToArray(), content[1536..1551]);
        Assert.Equal(Sum(content.AsSpan(0, 16 * Mebibyte)), await SumAsync(shell));

        disk.Grow(32 * Mebibyte);
        await shell.RunAsync("until [ $(cat /sys/block/sda/size) = 65536 ]; do usleep 20000; done");
        Assert.Equal(Sum(content), await SumAsync(shell));

        await guest.Machine.DetachDiskAsync(3);
        await shell.RunAsync("while [ -e /dev/sda ] || [ -d /sys/block/sda ]; do usleep 20000; done");
        Assert.True(await guest.Machine.AttachDiskAsync(0, disk));
        await shell.RunAsync("until [ -b /dev/sd[a-z] ]; do usleep 20000; done");
    }

    private static string Sum(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static async Task<string> SumAsync(Shell shell) =>
        (await shell.RunAsync("echo 3 >/proc/sys/vm/drop_caches; sha256sum /dev/sda")).Split(' ')[0];
}
