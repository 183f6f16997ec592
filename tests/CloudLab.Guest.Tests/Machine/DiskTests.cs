namespace CloudLab.Guest.Tests.Machine;

public sealed class DiskTests(DiskFixture disks) : IClassFixture<DiskFixture>
{
    // What dd reports is of no interest: its exit code is looked at.
    private const string Quiet = "2>/dev/null";

    [Theory]
    [InlineData("vda")]
    [InlineData("vdb")]
    public async Task A_block_device_reads_back_what_was_written(string disk)
    {
        // Somewhere in the middle, through the cache and flushed, from a sector that is not at a page's start.
        await disks.Shell.RunAsync($"yes 'a line of text' | dd of=/dev/{disk} bs=512 seek=3 count=4099 iflag=fullblock conv=fsync,notrunc {Quiet}");
        byte[] line = "a line of text\n"u8.ToArray();
        byte[] written = disks.HostContent(disk)[(3 * 512)..(4102 * 512)];
        Assert.Equal([.. Enumerable.Range(0, written.Length).Select(position => line[position % line.Length])], written);
        Assert.Equal(disks.HostSum(disk), await disks.GuestSumAsync(disk));

        // Two at once, at random places with random lengths and random content, past the cache and through it.
        await disks.Shell.RunAsync(
            "(for flags in conv=notrunc oflag=direct; do "
            + "(for i in $(seq 40); do dd if=/dev/urandom "
            + $"of=/dev/{disk} bs=4k count=$((1 + RANDOM % 64)) seek=$((RANDOM % 4000)) $flags {Quiet} || echo failed; done) & done; wait); sync");
        Assert.Equal(disks.HostSum(disk), await disks.GuestSumAsync(disk));
        Assert.NotEqual(written, disks.HostContent(disk)[(3 * 512)..(4102 * 512)]);
    }

    [Fact]
    public async Task A_read_only_disk_has_the_hosts_content_and_keeps_it()
    {
        string sum = disks.HostSum("vdc");
        Assert.Equal(sum, await disks.GuestSumAsync("vdc"));
        Assert.Equal("1", await disks.Shell.RunAsync("blockdev --getro /dev/vdc"));
        await disks.Shell.RunAsync($"! dd if=/dev/zero of=/dev/vdc bs=4k count=1 conv=fsync {Quiet}");
        Assert.Equal(sum, disks.HostSum("vdc"));
    }

    [Fact]
    public async Task A_file_system_keeps_a_file_when_it_is_mounted_again()
    {
        await disks.Shell.RunAsync("mke2fs /dev/vdd >/dev/null && mount -t ext4 /dev/vdd /mnt");
        string sum = await disks.Shell.RunAsync("head -c 3000001 /dev/urandom >/mnt/file; sha256sum </mnt/file");
        await disks.Shell.RunAsync("umount /mnt && echo 3 >/proc/sys/vm/drop_caches && mount -t ext4 -o ro /dev/vdd /mnt");
        Assert.Equal(sum, await disks.Shell.RunAsync("sha256sum </mnt/file"));
        await disks.Shell.RunAsync("umount /mnt");
    }

    [Fact]
    public async Task Disks_have_the_size_and_the_name_that_the_host_gave()
    {
        Assert.Equal("16777216", await disks.Shell.RunAsync("blockdev --getsize64 /dev/vdb"));
        Assert.Equal("a-file", await disks.Shell.RunAsync("cat /sys/block/vdb/serial"));
    }
}
