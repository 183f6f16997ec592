using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Devices.Virtio.Scsi;
using CloudLab.Machine.Memory;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio.Scsi;

/// <summary>Commands that would write to memory which the host does not have.</summary>
public sealed class ScsiStarvationTests
{
    private const ulong MemorySize = 16 << 20;

    [Fact]
    public async Task A_read_into_memory_that_the_host_lacks_stays_in_the_ring_and_is_done_whole_later()
    {
        const int Length = 2 * (int)MemoryBudget.ChunkSize;
        var disk = new MemoryBlockBackend(1 << 20);
        byte[] content = [.. Enumerable.Range(0, Length).Select(i => (byte)(i % 251))];
        Assert.Equal(BlockResult.Ok, await disk.WriteAsync(0, [content]));
        var budget = new MemoryBudget(MemorySize);
        var account = new MemoryAccount(budget, MemorySize);
        using var scsi = new ScsiDriver(disk, account: account);
        // The response has its memory before anyone else takes the rest, but for one of the two chunks that are read into.
        scsi.Offer(1, 0, ScsiDriver.Cdb16(ScsiOperation.Read16, 0, Length / 512), dataIn: [new Piece(ScsiDriver.Data, Length, true)]);
        var other = new MemoryAccount(budget, MemorySize);
        Assert.True(other.TryCharge(0, MemorySize - account.Charged - MemoryBudget.ChunkSize));

        for (int i = 0; i < 3; i++)
        {
            scsi.Queue.Notify();
            await scsi.Device.DrainAsync();
            scsi.Device.Resume();
            Assert.Null(scsi.Result(1));
            Assert.Null(scsi.Queue.TakeUsed());
        }

        Assert.True(account.IsWaiting);
        other.Return(withKept: true);
        await scsi.Device.DrainAsync();
        scsi.Device.Resume();
        byte[] data = scsi.Driver.ReadMemory(ScsiDriver.Data, Length);
        Assert.Equal(ScsiStatus.Good, scsi.Result(1)?.Status);
        Assert.Equal(content, data);
    }
}
