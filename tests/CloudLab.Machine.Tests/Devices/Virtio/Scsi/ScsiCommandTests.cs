using System.Buffers.Binary;
using System.Text;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Devices.Virtio.Scsi;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio.Scsi;

/// <summary>Every command, on its own.</summary>
public sealed class ScsiCommandTests
{
    private static readonly byte[] TestUnitReady = new byte[6];

    [Fact]
    public void A_unit_is_ready_and_starts_and_stops()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(1 << 20));
        Assert.Equal(ScsiStatus.Good, scsi.Do(TestUnitReady).Status);
        Assert.Equal(ScsiStatus.Good, scsi.Do((byte)ScsiOperation.StartStopUnit, 0, 0, 0, 1, 0).Status);
        Assert.Equal(ScsiStatus.Good, scsi.Do(ScsiDriver.Cdb10(ScsiOperation.SynchronizeCache10, 0, 0)).Status);
        Assert.Equal(ScsiStatus.Good, scsi.Do(ScsiDriver.Cdb16(ScsiOperation.SynchronizeCache16, 0, 0)).Status);
        Assert.Equal(ScsiSense.OutOfRange, scsi.Do(ScsiDriver.Cdb10(ScsiOperation.SynchronizeCache10, 2048, 1)).Sense);
        Assert.Equal(2, scsi.Device.Metrics.Flushes);
    }

    [Fact]
    public void Inquiry_names_a_disk()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(1 << 20));
        Completion done = Inquire(scsi, 36);
        Assert.Equal(36, done.Data.Length);
        Assert.Equal((0, 6, 31), (done.Data[0], done.Data[2], done.Data[4]));
        Assert.Equal("CLOUDLABVolume          1   ", Encoding.ASCII.GetString(done.Data, 8, 28));
        done = Inquire(scsi, 5, room: 64);
        Assert.Equal((5, 59u), (done.Data.Length, done.Residual));
        Assert.Equal(ScsiSense.InvalidField, scsi.In([(byte)ScsiOperation.Inquiry, 0, 1, 0, 36, 0], 36).Sense);
    }

    [Fact]
    public void Vital_product_data_tell_the_serial_number_and_the_limits()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(1 << 20));
        Assert.Equal([0, 0, 0, 6, 0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2], Inquire(scsi, 255, 0x00).Data);
        Assert.Equal("memory", Encoding.ASCII.GetString(Inquire(scsi, 255, 0x80).Data.AsSpan(4)));
        byte[] identification = Inquire(scsi, 255, 0x83).Data;
        Assert.Equal((0x02, 0x01, 14), (identification[4], identification[5], identification[7]));
        Assert.Equal("CLOUDLABmemory", Encoding.ASCII.GetString(identification.AsSpan(8)));
        byte[] limits = Inquire(scsi, 255, 0xb0).Data;
        Assert.Equal(64, limits.Length);
        Assert.Equal(65536u, BinaryPrimitives.ReadUInt32BigEndian(limits.AsSpan(20)));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32BigEndian(limits.AsSpan(24)));
        Assert.Equal(65536u, BinaryPrimitives.ReadUInt64BigEndian(limits.AsSpan(36)));
        Assert.Equal([0, 0xb1, 0, 60, 0, 1], Inquire(scsi, 255, 0xb1).Data[..6]);
        Assert.Equal([0, 0xb2, 0, 4, 0, 0xc0, 2, 0], Inquire(scsi, 255, 0xb2).Data);
        Assert.Equal(ScsiSense.InvalidField, Inquire(scsi, 255, 0x99).Sense);
    }

    [Fact]
    public void Capacity_is_told_in_both_ways()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(1 << 20));
        Assert.Equal([0, 0, 7, 255, 0, 0, 2, 0], scsi.In(ScsiDriver.Cdb10(ScsiOperation.ReadCapacity10, 0, 0), 8).Data);
        byte[] data = scsi.In(ScsiDriver.Cdb16(ScsiOperation.ServiceActionIn16, 0, 32, 0x10), 32).Data;
        Assert.Equal(2047u, BinaryPrimitives.ReadUInt64BigEndian(data));
        Assert.Equal(512u, BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(8)));
        Assert.Equal(0x80, data[14]);
        Assert.Equal(ScsiSense.InvalidField, scsi.In(ScsiDriver.Cdb16(ScsiOperation.ServiceActionIn16, 0, 32, 0x11), 32).Sense);
    }

    [Fact]
    public void Mode_sense_tells_of_a_write_cache_and_of_write_protection()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(1 << 20));
        byte[] data = scsi.In([(byte)ScsiOperation.ModeSense6, 0, 0x08, 0, 255, 0], 255).Data;
        Assert.Equal([23, 0, 0, 0, 0x08, 18, 0x04], data[..7]);
        Assert.Equal(24, data.Length);
        data = scsi.In(ScsiDriver.Cdb10(ScsiOperation.ModeSense10, 0x3f00_0000, 255), 255).Data;
        Assert.Equal((8 + 20 + 12, 38, 0), (data.Length, data[1], data[3]));
        // Nothing can be changed.
        Assert.Equal(0, scsi.In([(byte)ScsiOperation.ModeSense6, 0, 0x48, 0, 255, 0], 255).Data[6]);
        Assert.Equal(ScsiSense.SavingNotSupported, scsi.In([(byte)ScsiOperation.ModeSense6, 0, 0xc8, 0, 255, 0], 255).Sense);
        Assert.Equal(ScsiSense.InvalidField, scsi.In([(byte)ScsiOperation.ModeSense6, 0, 0x01, 0, 255, 0], 255).Sense);
        Assert.Equal(ScsiSense.InvalidField, scsi.In([(byte)ScsiOperation.ModeSense6, 0, 0x0a, 5, 255, 0], 255).Sense);
        using var readOnly = new ScsiDriver(new MemoryBlockBackend(4096, isReadOnly: true));
        Assert.Equal(0x80, readOnly.In([(byte)ScsiOperation.ModeSense6, 0, 0x3f, 0, 4, 0], 4).Data[2]);
        Assert.Equal(0x80, readOnly.In(ScsiDriver.Cdb10(ScsiOperation.ModeSense10, 0x3f00_0000, 8), 8).Data[3]);
    }

    [Fact]
    public void Units_are_listed_and_where_there_is_none_inquiry_says_so()
    {
        using var scsi = new ScsiDriver();
        foreach (int lun in new[] { 3, 31 }) Assert.True(scsi.Device.TryAttach(lun, new MemoryBlockBackend(512)));
        byte[] luns = scsi.In(ReportLuns(0), 512).Data;
        Assert.Equal([0, 0, 0, 16, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 31, 0, 0, 0, 0, 0, 0], luns);
        Assert.Equal(8, scsi.In(ReportLuns(1), 512).Data.Length);
        Assert.Equal(ScsiSense.InvalidField, scsi.In(ReportLuns(3), 512).Sense);
        Assert.Equal(0x7f, Inquire(scsi, 36).Data[0]);
        Assert.Equal(ScsiSense.UnitNotSupported, scsi.Do(TestUnitReady).Sense);
        Assert.Equal((5, 0x25), Sense(scsi.In([(byte)ScsiOperation.RequestSense, 0, 0, 0, 18, 0], 18)));
        Assert.Equal(ScsiSense.UnitNotSupported, scsi.Do(200, TestUnitReady).Sense);
        Assert.Equal(ScsiStatus.Good, scsi.Do(31, TestUnitReady).Status);
        Assert.Equal(ScsiResponse.BadTarget, scsi.In(TestUnitReady, 0, target: 1).Response);
    }

    [Fact]
    public void What_was_written_is_read_back_by_commands_of_every_length()
    {
        byte[] content = new byte[1 << 20];
        using var scsi = new ScsiDriver(new MemoryBlockBackend(content));
        byte[] data = [.. Enumerable.Range(0, 1024).Select(i => (byte)(i * 7))];
        Assert.Equal(ScsiStatus.Good, scsi.Out([(byte)ScsiOperation.Write6, 0, 0, 4, 2, 0], data).Status);
        Assert.Equal(data, scsi.In(ScsiDriver.Cdb10(ScsiOperation.Read10, 4, 2), 1024).Data);
        Assert.Equal(ScsiStatus.Good, scsi.Out(ScsiDriver.Cdb10(ScsiOperation.Write10, 8, 2), data).Status);
        Assert.Equal(data, scsi.Read(8, 2));
        Assert.Equal(ScsiStatus.Good, scsi.Write(2046, data).Status);
        Assert.Equal(data, content[^1024..]);
        // A length of 0 is 256 in the oldest commands, none in the others.
        Assert.Equal(256 * 512, scsi.In([(byte)ScsiOperation.Read6, 0, 0, 0, 0, 0], 256 * 512).Data.Length);
        Assert.Equal(512u, scsi.In(ScsiDriver.Cdb10(ScsiOperation.Read10, 0, 0), 512).Residual);
        Assert.Equal(3, scsi.Device.Metrics.Writes);
    }

    [Fact]
    public void Bad_transfers_are_answered_with_sense()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(4096));
        Assert.Equal(ScsiSense.OutOfRange, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, 8, 1), 512).Sense);
        Assert.Equal(ScsiSense.OutOfRange, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, ulong.MaxValue, 1), 512).Sense);
        Assert.Equal(ScsiSense.OutOfRange, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, 1UL << 55, 1), 512).Sense);
        Assert.Equal(ScsiSense.OutOfRange, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, 0, uint.MaxValue), 512).Sense);
        Assert.Equal(ScsiSense.InvalidField, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, 0, 1, 0x20), 512).Sense);
        Assert.Equal(ScsiSense.InvalidField, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.Write16, 0, 1, 0x08), new byte[512]).Sense);
        Assert.Equal(ScsiResponse.Overrun, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, 0, 2), 512).Response);
        Assert.Equal(ScsiResponse.Overrun, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.Write16, 0, 2), new byte[512]).Response);
        Assert.Equal(ScsiSense.InvalidOperation, scsi.Do(0x55).Sense);
        Assert.Equal(1024u, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, 0, 1), 1536).Residual);
        Assert.False(scsi.Driver.NeedsReset);
    }

    [Fact]
    public void Unmap_and_write_same_clear_their_range_only()
    {
        byte[] content = [.. Enumerable.Repeat((byte)1, 8192)];
        using var scsi = new ScsiDriver(new MemoryBlockBackend(content));
        byte[] unmap = ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 24);
        Assert.Equal(ScsiStatus.Good, scsi.Out(unmap, ScsiDriver.UnmapList(2, 3)).Status);
        Assert.Equal(ScsiStatus.Good, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 8, 1, 0x08), new byte[512]).Status);
        Assert.Equal(ScsiStatus.Good, scsi.Out(ScsiDriver.Cdb10(ScsiOperation.WriteSame10, 9, 1), new byte[512]).Status);
        Assert.Equal(ScsiStatus.Good, scsi.Do(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 10, 1, 0x01)).Status);
        for (int sector = 0; sector < 16; sector++)
            Assert.Equal(sector is 2 or 3 or 4 or 8 or 9 or 10 ? 0 : 1, content[sector * 512 + 511]);
        Assert.Equal(4, scsi.Device.Metrics.Discards);

        Assert.Equal(ScsiStatus.Good, scsi.Do(ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 0)).Status);
        Assert.Equal(ScsiSense.ParameterListLength, scsi.Out(ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 7), new byte[7]).Sense);
        Assert.Equal(ScsiStatus.Good, scsi.Out(ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 8), new byte[8]).Status);
        Assert.Equal(ScsiResponse.Overrun, scsi.Out(unmap, new byte[8]).Response);
        Assert.Equal(ScsiSense.OutOfRange, scsi.Out(unmap, ScsiDriver.UnmapList(15, 2)).Sense);
        Assert.Equal(ScsiSense.InvalidField, scsi.Out(ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 24, 1), ScsiDriver.UnmapList(0, 1)).Sense);
        byte[] two = [.. ScsiDriver.UnmapList(0, 1), .. new byte[16]];
        two[3] = 32;
        Assert.Equal(ScsiSense.InvalidParameter, scsi.Out(ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 40), two).Sense);
        Assert.Equal(ScsiSense.InvalidField, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 0, 1), [.. Enumerable.Repeat((byte)1, 512)]).Sense);
        Assert.Equal(ScsiSense.InvalidField, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 0, 0), new byte[512]).Sense);
        Assert.Equal(ScsiResponse.Overrun, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 0, 1), new byte[511]).Response);
        var gigabyte = new ControlledBackend();
        gigabyte.Grow(1UL << 30);
        using var large = new ScsiDriver(gigabyte);
        Assert.Equal(ScsiSense.InvalidParameter, large.Out(unmap, ScsiDriver.UnmapList(0, 65537)).Sense);
        Assert.Equal(ScsiSense.InvalidField, large.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 0, 65537), new byte[512]).Sense);
    }

    [Fact]
    public void A_read_only_disk_refuses_changes()
    {
        byte[] content = new byte[4096];
        using var scsi = new ScsiDriver(new MemoryBlockBackend(content, isReadOnly: true));
        Assert.Equal(ScsiSense.WriteProtected, scsi.Write(0, [.. Enumerable.Repeat((byte)1, 512)]).Sense);
        Assert.Equal(ScsiSense.WriteProtected, scsi.Out(ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 24), ScsiDriver.UnmapList(0, 1)).Sense);
        Assert.Equal(ScsiSense.WriteProtected, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 0, 1), new byte[512]).Sense);
        Assert.Equal(512, scsi.Read(0, 1).Length);
        Assert.Equal(0, scsi.In(ScsiDriver.Cdb16(ScsiOperation.ServiceActionIn16, 0, 32, 0x10), 32).Data[14]);
        Assert.Equal(0, Inquire(scsi, 255, 0xb2).Data[5]);
        Assert.Equal(new byte[4096], content);
    }

    [Fact]
    public void A_backend_that_fails_is_an_error_of_the_medium()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(backend);
        BlockResult[] results = [BlockResult.IoError, BlockResult.IoError, BlockResult.Unsupported, BlockResult.OutOfRange, BlockResult.ReadOnly];
        ScsiOperation[] operations = [ScsiOperation.Read16, .. Enumerable.Repeat(ScsiOperation.SynchronizeCache16, 4)];
        for (int i = 0; i < results.Length; i++)
            scsi.Offer(i, 0, ScsiDriver.Cdb16(operations[i], 0, 1), dataIn: [new Piece(ScsiDriver.Data, 512, true)]);
        scsi.Queue.Notify();
        foreach (BlockResult result in results) backend.End(0, result);
        ScsiSense[] expected =
            [ScsiSense.UnrecoveredReadError, ScsiSense.WriteError, ScsiSense.InvalidOperation, ScsiSense.OutOfRange, ScsiSense.WriteProtected];
        Assert.Equal(expected, Enumerable.Range(0, 5).Select(slot => scsi.Result(slot)!.Sense));
        while (scsi.Queue.TakeUsed() is not null) { }
        backend.Throws = true;
        Assert.Equal(ScsiSense.WriteError, scsi.Do(ScsiDriver.Cdb16(ScsiOperation.SynchronizeCache16, 0, 0)).Sense);
        Assert.Equal(6, scsi.Device.Metrics.Errors);
    }

    [Fact]
    public void Request_sense_tells_a_unit_attention_once()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(backend);
        backend.Grow(2 << 20);
        byte[] requestSense = [(byte)ScsiOperation.RequestSense, 0, 0, 0, 18, 0];
        Assert.Equal((6, 0x2a), Sense(scsi.In(requestSense, 18)));
        Assert.Equal((0, 0), Sense(scsi.In(requestSense, 18)));
        Assert.Equal(ScsiSense.InvalidField, scsi.In([(byte)ScsiOperation.RequestSense, 1, 0, 0, 18, 0], 18).Sense);
    }

    [Fact]
    public void A_disk_of_large_sectors_counts_in_them()
    {
        byte[] content = new byte[1 << 20];
        using var scsi = new ScsiDriver(new LargeSectorBackend(content));
        byte[] data = [.. Enumerable.Range(0, 8192).Select(i => (byte)(i * 3))];
        Assert.Equal(ScsiStatus.Good, scsi.Write(2, data, 4096).Status);
        Assert.Equal(data, content[8192..16384]);
        Assert.Equal(data, scsi.Read(2, 2, 4096));
        Assert.Equal([0, 0, 0, 255, 0, 0, 16, 0], scsi.In(ScsiDriver.Cdb10(ScsiOperation.ReadCapacity10, 0, 0), 8).Data);
        Assert.Equal(ScsiSense.OutOfRange, scsi.In(ScsiDriver.Cdb16(ScsiOperation.Read16, 256, 1), 4096).Sense);
        Assert.Equal(ScsiStatus.Good, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, 2, 1), new byte[4096]).Status);
        Assert.Equal(new byte[4096], content[8192..12288]);
    }

    [Fact]
    public void The_disk_stays_equal_to_a_model()
    {
        const int Sectors = 64;
        byte[] content = new byte[Sectors * 512];
        byte[] model = new byte[Sectors * 512];
        using var scsi = new ScsiDriver(new MemoryBlockBackend(content));
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, Sectors - 1], Gen.Int[1, 8], Gen.Byte).Array[20].Sample(operations =>
        {
            foreach ((int kind, int sector, int wanted, byte seed) in operations)
            {
                int count = Math.Min(wanted, Sectors - sector);
                Span<byte> range = model.AsSpan(sector * 512, count * 512);
                switch (kind)
                {
                    case 0:
                        for (int i = 0; i < range.Length; i++) range[i] = (byte)(seed + i / 3);
                        Assert.Equal(ScsiStatus.Good, scsi.Write((ulong)sector, range.ToArray()).Status);
                        break;
                    case 1:
                        range.Clear();
                        Assert.Equal(
                            ScsiStatus.Good, scsi.Out(ScsiDriver.Cdb16(ScsiOperation.WriteSame16, (ulong)sector, (uint)count, 8), new byte[512]).Status);
                        break;
                    case 2:
                        // This disk's discard reads as zeroes.
                        range.Clear();
                        Assert.Equal(ScsiStatus.Good,
                            scsi.Out(ScsiDriver.Cdb10(ScsiOperation.Unmap, 0, 24), ScsiDriver.UnmapList((ulong)sector, (uint)count)).Status);
                        break;
                    default:
                        Assert.Equal(range.ToArray(), scsi.Read((ulong)sector, count));
                        break;
                }
            }

            Assert.Equal(model, content);
        }, iter: 100, threads: 1);
    }

    private static Completion Inquire(ScsiDriver scsi, byte allocated, int page = -1, int room = 0) =>
        scsi.In([(byte)ScsiOperation.Inquiry, (byte)(page < 0 ? 0 : 1), (byte)Math.Max(page, 0), 0, allocated, 0], Math.Max(room, allocated));

    private static byte[] ReportLuns(byte select)
    {
        byte[] cdb = new byte[12];
        (cdb[0], cdb[2], cdb[8]) = ((byte)ScsiOperation.ReportLuns, select, 2);
        return cdb;
    }

    private static (int Key, int Code) Sense(Completion done) => (done.Data[2], done.Data[12]);

    private sealed class LargeSectorBackend(byte[] content) : IBlockBackend
    {
        private readonly MemoryBlockBackend _memory = new(content);

        public event Action? SizeChanged
        {
            add { }
            remove { }
        }

        public ulong Size => _memory.Size;

        public int SectorSize => 4096;

        public bool IsReadOnly => false;

        public string Id => "large";

        public ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => _memory.ReadAsync(offset, buffers);

        public ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => _memory.WriteAsync(offset, buffers);

        public ValueTask<BlockResult> FlushAsync() => _memory.FlushAsync();

        public ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length) => _memory.DiscardAsync(offset, length);

        public ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length) => _memory.WriteZeroesAsync(offset, length);

        public ValueTask DisposeAsync() => _memory.DisposeAsync();
    }
}
