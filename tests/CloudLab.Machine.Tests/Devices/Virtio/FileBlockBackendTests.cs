using CloudLab.Machine.Devices.Virtio.Block;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

public sealed class FileBlockBackendTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public FileBlockBackendTests() => File.WriteAllBytes(_path, [.. Enumerable.Range(0, 64 * 512 + 100).Select(i => (byte)(i / 512 + 1))]);

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Scattered_buffers_are_read_and_written_in_order()
    {
        await using FileBlockBackend disk = FileBlockBackend.Open(_path, "disk-1");
        Assert.Equal(64UL * 512, disk.Size);
        Assert.Equal("disk-1", disk.Id);
        byte[] bytes = new byte[1536];
        Memory<byte>[] buffers = [bytes.AsMemory(0, 100), Memory<byte>.Empty, bytes.AsMemory(100, 1436)];
        Assert.Equal(BlockResult.Ok, await disk.ReadAsync(512, buffers));
        Assert.Equal([.. Enumerable.Range(512, 1536).Select(i => (byte)(i / 512 + 1))], bytes);

        bytes.AsSpan().Fill(0xaa);
        Assert.Equal(BlockResult.Ok, await disk.WriteAsync(1024, buffers));
        Assert.Equal(BlockResult.Ok, await disk.FlushAsync());
        byte[] content = await File.ReadAllBytesAsync(_path, TestContext.Current.CancellationToken);
        Assert.Equal(2, content[1023]);
        Assert.True(content.AsSpan(1024, 1536).IndexOfAnyExcept((byte)0xaa) < 0);
        Assert.Equal(6, content[2560]);
    }

    [Fact]
    public async Task Write_zeroes_clears_its_range_and_discard_only_may()
    {
        await using FileBlockBackend disk = FileBlockBackend.Open(_path, "");
        Assert.Equal(BlockResult.Ok, await disk.WriteZeroesAsync(512, 8192 + 512));
        Assert.Equal(BlockResult.Ok, await disk.DiscardAsync(0, 512));
        byte[] content = await File.ReadAllBytesAsync(_path, TestContext.Current.CancellationToken);
        Assert.True(content.AsSpan(512, 8704).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(19, content[9216]);
        Assert.Equal(64 * 512 + 100, content.Length);
    }

    [Fact]
    public async Task Ranges_outside_the_disk_and_changes_of_a_read_only_one_are_refused()
    {
        await using FileBlockBackend disk = FileBlockBackend.Open(_path, "", isReadOnly: true);
        Memory<byte>[] sector = [new byte[512]];
        Assert.Equal(BlockResult.OutOfRange, await disk.ReadAsync(64 * 512, sector));
        Assert.Equal(BlockResult.OutOfRange, await disk.ReadAsync(1, sector));
        Assert.Equal(BlockResult.OutOfRange, await disk.ReadAsync(ulong.MaxValue - 511, sector));
        Assert.Equal(BlockResult.ReadOnly, await disk.WriteAsync(0, sector));
        Assert.Equal(BlockResult.ReadOnly, await disk.WriteZeroesAsync(0, 512));
        Assert.Equal(BlockResult.ReadOnly, await disk.DiscardAsync(0, 512));
    }

    [Fact]
    public async Task A_guest_reads_and_writes_a_file_through_its_device()
    {
        await using FileBlockBackend disk = FileBlockBackend.Open(_path, "disk");
        using var block = new BlockDriver(disk);
        block.Driver.WriteMemory(BlockDriver.Data, [.. Enumerable.Repeat((byte)0x77, 1024)]);
        block.Offer(0, BlockRequestType.Out, 3, new Piece(BlockDriver.Data, 1024));
        block.Queue.Notify();
        await block.Device.DrainAsync();
        block.Device.Resume();
        block.Offer(1, BlockRequestType.Flush, 0);
        block.Offer(2, BlockRequestType.In, 2, new Piece(BlockDriver.Data + 4096, 512 * 4, true));
        block.Queue.Notify();
        await block.Device.DrainAsync();
        Assert.Equal([0, 0, 0], [block.Status(0), block.Status(1), block.Status(2)]);
        byte[] read = block.Driver.ReadMemory(BlockDriver.Data + 4096, 2048);
        Assert.Equal([3, 0x77, 0x77, 6], [read[0], read[512], read[1535], read[1536]]);
    }
}
