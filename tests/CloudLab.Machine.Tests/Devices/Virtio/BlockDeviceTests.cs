using System.Text;
using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Block;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

public sealed class BlockDeviceTests
{
    private const byte Ok = (byte)BlockStatus.Ok;
    private const byte IoErr = (byte)BlockStatus.IoErr;
    private const byte Unsupp = (byte)BlockStatus.Unsupp;

    [Fact]
    public void The_configuration_describes_the_disk()
    {
        using var block = new BlockDriver(new MemoryBlockBackend(1 << 20));
        Assert.Equal(VirtioDeviceType.Block, block.Driver.Read(VirtioMmioRegister.DeviceId));
        Assert.Equal(2048u, block.Driver.Config(0, 8));
        Assert.Equal(2048u, block.Driver.Config(0, 4));
        Assert.Equal(126u, block.Driver.Config(12, 4));
        Assert.Equal(512u, block.Driver.Config(20, 4));
        Assert.Equal(1u, block.Driver.Config(40, 4));
        Assert.Equal(0u, block.Driver.Config(60, 8));
        Assert.Equal(0u, block.Driver.Config(0xf00, 8));
        Assert.Equal(0u, block.Driver.Features & BlockFeatures.ReadOnly);
        Assert.NotEqual(0u, block.Driver.Features & BlockFeatures.Discard);
    }

    [Fact]
    public void What_was_written_is_read_back_and_interrupts()
    {
        using var block = new BlockDriver(new MemoryBlockBackend(1 << 20), ~VirtioFeatures.EventIdx);
        byte[] content = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 7))];
        Assert.Equal(Ok, block.WriteSectors(8, content));
        Assert.True(block.Driver.Line.Level);
        Assert.Equal(VirtioInterrupt.UsedBuffer, block.Driver.TakeInterrupts());
        Assert.False(block.Driver.Line.Level);
        block.Driver.WriteMemory(BlockDriver.Data, new byte[4096]);
        Assert.Equal(content, block.ReadSectors(8, 8));
        Assert.Equal(1, block.Device.Metrics.Reads);
        Assert.Equal(4096, block.Device.Metrics.BytesWritten);
    }

    [Fact]
    public void A_request_may_be_cut_anywhere()
    {
        byte[] content = [.. Enumerable.Range(0, 1024).Select(i => (byte)(i * 3))];
        using var block = new BlockDriver(new MemoryBlockBackend(content));
        ulong header = BlockDriver.HeaderAt(0), data = BlockDriver.Data;
        block.WriteHeader(header, (uint)BlockRequestType.In, 0);
        block.Driver.WriteMemory(data + 1024, [BlockDriver.Pending]);
        // Header in three pieces, data in two, the status at the end of the second.
        block.Queue.Add(
            new Piece(header, 1), new Piece(header + 1, 9), new Piece(header + 10, 6), new Piece(data, 333, true), new Piece(data + 333, 692, true));
        block.Queue.Notify();
        Assert.Equal(1025u, block.Queue.TakeUsed()?.Length);
        Assert.Equal([.. content, Ok], block.Driver.ReadMemory(data, 1025));
    }

    [Fact]
    public void Indirect_descriptors_carry_long_requests()
    {
        using var block = new BlockDriver(new MemoryBlockBackend(1 << 20));
        block.WriteHeader(BlockDriver.HeaderAt(0), (uint)BlockRequestType.Out, 0);
        Piece[] data = [.. Enumerable.Range(0, 126).Select(i => new Piece(BlockDriver.Data + (ulong)(125 - i) * 512, 512))];
        for (int i = 0; i < 126; i++)
            block.Driver.WriteMemory(BlockDriver.Data + (ulong)i * 512, Enumerable.Repeat((byte)(i + 1), 512).ToArray());
        block.Queue.AddIndirect(
            BlockDriver.Data + 0x8_0000, [new Piece(BlockDriver.HeaderAt(0), 16), .. data, new Piece(BlockDriver.StatusAt(0), 1, true)]);
        block.Queue.Notify();
        Assert.Equal(1u, block.Queue.TakeUsed()?.Length);
        Assert.Equal(Ok, block.Status(0));
        byte[] read = block.ReadSectors(0, 126);
        for (int i = 0; i < 126; i++) Assert.Equal(126 - i, read[i * 512]);
    }

    [Fact]
    public void Get_id_answers_the_serial_number_padded_with_zeroes()
    {
        using var block = new BlockDriver(new MemoryBlockBackend(512));
        Assert.Equal(Ok, block.Do(BlockRequestType.GetId, 0, new Piece(BlockDriver.Data, 20, true)));
        Assert.Equal("memory".PadRight(20, '\0'), Encoding.ASCII.GetString(block.Driver.ReadMemory(BlockDriver.Data, 20)));
    }

    [Fact]
    public void Write_zeroes_and_discard_clear_their_range_only()
    {
        byte[] content = [.. Enumerable.Repeat((byte)1, 8192)];
        using var block = new BlockDriver(new MemoryBlockBackend(content));
        Assert.Equal(Ok, block.DoRange(BlockRequestType.WriteZeroes, 2, 3, flags: 1));
        Assert.Equal(Ok, block.DoRange(BlockRequestType.Discard, 8, 1));
        for (int sector = 0; sector < 16; sector++)
            Assert.Equal(sector is 2 or 3 or 4 or 8 ? 0 : 1, content[sector * 512 + 511]);
        Assert.Equal(Unsupp, block.DoRange(BlockRequestType.Discard, 0, 1, flags: 1));
        Assert.Equal(Unsupp, block.DoRange(BlockRequestType.WriteZeroes, 0, 1, flags: 2));
        Assert.Equal(IoErr, block.DoRange(BlockRequestType.WriteZeroes, 0, BlockConfig.MaxDiscardSectors + 1));
        Assert.Equal(IoErr, block.DoRange(BlockRequestType.WriteZeroes, 15, 2));
        Assert.Equal(2, block.Device.Metrics.Discards);
    }

    [Fact]
    public void A_read_only_disk_offers_that_and_refuses_changes()
    {
        byte[] content = new byte[4096];
        using var block = new BlockDriver(new MemoryBlockBackend(content, isReadOnly: true));
        Assert.NotEqual(0u, block.Driver.Features & BlockFeatures.ReadOnly);
        Assert.Equal(0u, block.Driver.Features & BlockFeatures.WriteZeroes);
        Assert.Equal(IoErr, block.WriteSectors(0, [.. Enumerable.Repeat((byte)1, 512)]));
        Assert.Equal(IoErr, block.DoRange(BlockRequestType.WriteZeroes, 0, 1));
        Assert.Equal(Ok, block.Do(BlockRequestType.Flush, 0));
        Assert.Equal(512, block.ReadSectors(0, 1).Length);
        Assert.Equal(new byte[4096], content);
    }

    [Fact]
    public void Bad_requests_are_answered_with_an_error_status()
    {
        using var block = new BlockDriver(new MemoryBlockBackend(4096));
        Assert.Equal(Unsupp, block.Do((BlockRequestType)99, 0));
        Assert.Equal(IoErr, block.Do(BlockRequestType.In, 8, new Piece(BlockDriver.Data, 512, true)));
        Assert.Equal(IoErr, block.Do(BlockRequestType.In, ulong.MaxValue, new Piece(BlockDriver.Data, 512, true)));
        Assert.Equal(IoErr, block.Do(BlockRequestType.In, ulong.MaxValue / 512, new Piece(BlockDriver.Data, 512, true)));
        Assert.Equal(IoErr, block.Do(BlockRequestType.In, 0, new Piece(BlockDriver.Data, 511, true)));
        Assert.Equal(IoErr, block.Do(BlockRequestType.Out, 0, new Piece(0x1000, 512)));
        Assert.Equal(IoErr, block.Do(BlockRequestType.In, 0, new Piece(ulong.MaxValue - 100, 512, true)));
        Assert.Equal(IoErr, block.Do(BlockRequestType.Discard, 0, new Piece(BlockDriver.Data, 15)));
        Assert.Equal(8, block.Device.Metrics.Malformed);
        Assert.False(block.Driver.NeedsReset);
        Assert.Equal(Ok, block.Do(BlockRequestType.Flush, 0));
    }

    [Fact]
    public void A_request_without_a_status_byte_in_RAM_needs_a_reset()
    {
        using var block = new BlockDriver(new MemoryBlockBackend(4096));
        block.WriteHeader(BlockDriver.HeaderAt(0), (uint)BlockRequestType.Flush, 0);
        block.Queue.Add(new Piece(BlockDriver.HeaderAt(0), 16));
        block.Queue.Notify();
        Assert.True(block.Driver.NeedsReset);
        Assert.Equal(VirtioInterrupt.ConfigurationChange, block.Driver.TakeInterrupts());
        block.Driver.Start();
        block.Queue.Add(new Piece(BlockDriver.HeaderAt(0), 16), new Piece(0x1000, 1, true));
        block.Queue.Notify();
        Assert.True(block.Driver.NeedsReset);
        block.Driver.Start();
        Assert.Equal(Ok, block.Do(BlockRequestType.Flush, 0));
        Assert.Equal(2, block.Device.Metrics.NeedsReset);
    }

    [Fact]
    public void Requests_overlap_and_complete_in_any_order()
    {
        var backend = new ControlledBackend();
        using var block = new BlockDriver(backend);
        ushort[] heads = [.. Enumerable.Range(0, 3).Select(slot => block.Offer(slot, BlockRequestType.Flush, 0))];
        block.Queue.Notify();
        Assert.Equal(3, backend.WaitingCount);
        backend.End(1);
        backend.End(1, BlockResult.IoError);
        backend.End(0, BlockResult.Unsupported);
        Assert.Equal(heads[1], block.Queue.TakeUsed()?.Head);
        Assert.Equal(heads[2], block.Queue.TakeUsed()?.Head);
        Assert.Equal(heads[0], block.Queue.TakeUsed()?.Head);
        Assert.Equal([Unsupp, Ok, IoErr], [block.Status(0), block.Status(1), block.Status(2)]);
        Assert.Equal(2, block.Device.Metrics.Errors);
    }

    [Fact]
    public void A_backend_that_throws_is_an_io_error()
    {
        var backend = new ControlledBackend();
        using var block = new BlockDriver(backend);
        block.Offer(0, BlockRequestType.Flush, 0);
        block.Queue.Notify();
        backend.Fail(0);
        Assert.Equal(IoErr, block.Status(0));
        backend.Throws = true;
        Assert.Equal(0u, block.Queue.TakeUsed()?.Head);
        Assert.Equal(IoErr, block.Do(BlockRequestType.Flush, 0));
    }

    [Fact]
    public void Growing_changes_the_configuration_and_interrupts()
    {
        var backend = new ControlledBackend();
        using var block = new BlockDriver(backend);
        uint generation = block.Driver.Read(VirtioMmioRegister.ConfigGeneration);
        backend.Grow(4 << 20);
        Assert.Equal(VirtioInterrupt.ConfigurationChange, block.Driver.TakeInterrupts());
        Assert.NotEqual(generation, block.Driver.Read(VirtioMmioRegister.ConfigGeneration));
        Assert.Equal(8192u, block.Driver.Config(0, 8));
        block.Device.Dispose();
        backend.Grow(8 << 20);
        Assert.Equal(8192u, block.Driver.Config(0, 8));
    }

    [Fact]
    public async Task A_drained_device_takes_no_request_until_it_resumes()
    {
        var backend = new ControlledBackend();
        using var block = new BlockDriver(backend);
        block.Offer(0, BlockRequestType.Flush, 0);
        block.Queue.Notify();
        Task drained = block.Device.DrainAsync();
        Assert.False(drained.IsCompleted);
        block.Offer(1, BlockRequestType.Flush, 0);
        block.Queue.Notify();
        backend.End(0);
        await drained.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Ok, block.Status(0));
        Assert.Equal(0, backend.WaitingCount);
        Assert.True(block.Device.DrainAsync().IsCompletedSuccessfully);
        block.Device.Resume();
        Assert.Equal(1, backend.WaitingCount);
        backend.End(0);
        Assert.Equal(Ok, block.Status(1));
    }

    [Fact]
    public void A_reset_orphans_requests_in_flight()
    {
        var backend = new ControlledBackend();
        using var block = new BlockDriver(backend);
        block.Offer(0, BlockRequestType.Flush, 0);
        block.Queue.Notify();
        block.Driver.Write(VirtioMmioRegister.Status, 0);
        // Not yet zero: a driver that waits for the reset does not free its buffers.
        Assert.Equal(VirtioStatus.Acknowledge, block.Driver.Status);

        // A driver that does not wait gets on with its set-up, but no request begins before the orphan has ended.
        block.Driver.Start();
        block.Offer(1, BlockRequestType.Flush, 0);
        block.Queue.Notify();
        Assert.Equal(1, backend.WaitingCount);
        backend.End(0);
        Assert.Equal(BlockDriver.Pending, block.Status(0));
        Assert.False(block.Queue.HasUsed);
        Assert.Equal(1, backend.WaitingCount);
        backend.End(0);
        Assert.Equal(Ok, block.Status(1));
        block.Driver.Write(VirtioMmioRegister.Status, 0);
        Assert.Equal(0u, block.Driver.Status);
    }

    [Fact]
    public void A_request_allocates_nothing()
    {
        using var block = new BlockDriver(new MemoryBlockBackend(1 << 20));
        Assert.Equal(Ok, block.WriteSectors(0, new byte[4096]));
        Piece[] data = [new Piece(BlockDriver.Data, 2048, true), new Piece(BlockDriver.Data + 4096, 2048, true)];
        Assert.Equal(Ok, block.Do(BlockRequestType.In, 0, data));
        block.Offer(0, BlockRequestType.In, 0, data);
        long before = GC.GetAllocatedBytesForCurrentThread();
        block.Queue.Notify();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(Ok, block.Status(0));
    }

    [Fact]
    public void The_disk_stays_equal_to_a_model()
    {
        const int Sectors = 64;
        byte[] content = new byte[Sectors * 512];
        byte[] model = new byte[Sectors * 512];
        using var block = new BlockDriver(new MemoryBlockBackend(content));
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, Sectors - 1], Gen.Int[1, 8], Gen.Byte, Gen.Int[1, 5]).Array[20].Sample(operations =>
        {
            foreach ((int kind, int sector, int wanted, byte seed, int pieces) in operations)
            {
                int count = Math.Min(wanted, Sectors - sector);
                Span<byte> range = model.AsSpan(sector * 512, count * 512);
                if (kind == 0)
                {
                    for (int i = 0; i < range.Length; i++) range[i] = (byte)(seed + i / 3);
                    block.Driver.WriteMemory(BlockDriver.Data, range);
                    Assert.Equal(Ok, block.Do(BlockRequestType.Out, (ulong)sector, Cut(range.Length, pieces, false)));
                }
                else if (kind == 1)
                {
                    range.Clear();
                    Assert.Equal(Ok, block.DoRange(BlockRequestType.WriteZeroes, (ulong)sector, (uint)count));
                }
                else
                {
                    block.Driver.WriteMemory(BlockDriver.Data, new byte[range.Length]);
                    Assert.Equal(Ok, block.Do(BlockRequestType.In, (ulong)sector, Cut(range.Length, pieces, true)));
                    Assert.True(range.SequenceEqual(block.Driver.ReadMemory(BlockDriver.Data, range.Length)));
                }
            }

            Assert.True(model.AsSpan().SequenceEqual(content));
        }, iter: 300, threads: 1);
    }

    private static Piece[] Cut(int length, int pieces, bool writable)
    {
        int size = length / pieces + 1;
        return [.. Enumerable.Range(0, pieces).Select(i =>
            new Piece(BlockDriver.Data + (ulong)(i * size), Math.Clamp(length - i * size, 0, size), writable))];
    }
}
