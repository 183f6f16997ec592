using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Devices.Virtio.Scsi;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio.Scsi;

/// <summary>The adapter: disks that come, go and grow, tasks, the life of requests.</summary>
public sealed class ScsiDeviceTests
{
    private static readonly byte[] TestUnitReady = new byte[6];
    private static readonly byte[] Flush = ScsiDriver.Cdb16(ScsiOperation.SynchronizeCache16, 0, 0);

    [Fact]
    public void The_configuration_describes_the_adapter_and_takes_the_drivers_sizes()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(4096));
        TestDriver driver = scsi.Driver;
        Assert.Equal(VirtioDeviceType.Scsi, driver.Read(VirtioMmioRegister.DeviceId));
        Assert.Equal((1UL, 126UL, 16UL), (driver.Config(0, 4), driver.Config(4, 4), driver.Config(16, 4)));
        Assert.Equal((96UL, 32UL), (driver.Config(20, 4), driver.Config(24, 4)));
        Assert.Equal((0UL, 0UL, 31UL), (driver.Config(28, 2), driver.Config(30, 2), driver.Config(32, 4)));
        driver.Write(VirtioMmioRegister.Config + 20, 4, 18);
        driver.Write(VirtioMmioRegister.Config + 24, 4, 16);
        Assert.Equal((18UL, 16UL), (driver.Config(20, 4), driver.Config(24, 4)));
        driver.Write(VirtioMmioRegister.Config + 20, 4, uint.MaxValue);
        driver.Write(VirtioMmioRegister.Config + 24, 4, 261);
        driver.Write(VirtioMmioRegister.Config + 24, 2, 1);
        driver.Write(VirtioMmioRegister.Config, 4, 1);
        Assert.Equal(4, scsi.Device.Metrics.BadAccesses);

        // Header and response have the sizes that were chosen.
        driver.WriteMemory(TestDriver.Scratch, [1, 0, 0, 0, .. new byte[15], (byte)ScsiOperation.Inquiry, 0, 0, 0, 36, 0, .. new byte[10]]);
        scsi.Queue.Add(new Piece(TestDriver.Scratch, 35), new Piece(ScsiDriver.Data, 30 + 36, true));
        scsi.Queue.Notify();
        Assert.Equal(66u, scsi.Queue.TakeUsed()?.Length);
        Assert.Equal("CLOUDLAB"u8, driver.ReadMemory(ScsiDriver.Data + 38, 8));
        driver.Start();
        Assert.Equal((96UL, 32UL), (driver.Config(20, 4), driver.Config(24, 4)));
    }

    [Fact]
    public async Task A_disk_that_comes_and_goes_is_an_event()
    {
        using var scsi = new ScsiDriver();
        scsi.OfferEventBuffers(4);
        Assert.True(scsi.Device.TryAttach(5, new MemoryBlockBackend(4096)));
        Assert.Equal((ScsiEventCode.TransportReset, 5, ScsiEventCode.ResetRescan), scsi.TakeEvent(0));
        Assert.Equal(VirtioInterrupt.UsedBuffer, scsi.Driver.TakeInterrupts());
        Assert.Equal(ScsiStatus.Good, scsi.Do(5, TestUnitReady).Status);
        Assert.False(scsi.Device.TryAttach(5, new MemoryBlockBackend(4096)));
        await scsi.Device.DetachAsync(5);
        Assert.Equal((ScsiEventCode.TransportReset, 5, ScsiEventCode.ResetRemoved), scsi.TakeEvent(1));
        Assert.Equal(ScsiSense.UnitNotSupported, scsi.Do(5, TestUnitReady).Sense);
        await scsi.Device.DetachAsync(5);
        Assert.Null(scsi.TakeEvent(2));
        Assert.True(scsi.Device.TryAttach(5, new MemoryBlockBackend(4096)));
        Assert.Throws<ArgumentOutOfRangeException>(() => scsi.Device.TryAttach(32, new MemoryBlockBackend(4096)));
        Assert.Equal(3, scsi.Device.Metrics.Events);
    }

    [Fact]
    public async Task A_disk_leaves_when_its_requests_have_ended()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(backend);
        scsi.OfferEventBuffers(2);
        scsi.Offer(1, 0, Flush);
        scsi.Queue.Notify();
        Task detached = scsi.Device.DetachAsync(0);
        Assert.Equal((ScsiEventCode.TransportReset, 0, ScsiEventCode.ResetRemoved), scsi.TakeEvent(0));
        Assert.False(detached.IsCompleted);
        Assert.Same(detached, scsi.Device.DetachAsync(0));
        Assert.False(scsi.Device.TryAttach(0, new MemoryBlockBackend(4096)));
        Assert.Equal(ScsiSense.UnitNotSupported, scsi.Do(Flush).Sense);
        Assert.Equal(8, scsi.In([(byte)ScsiOperation.ReportLuns, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0], 64).Data.Length);
        backend.Grow(8 << 20);
        Assert.Null(scsi.TakeEvent(1));
        backend.End(0);
        await detached.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ScsiStatus.Good, scsi.Result(1)!.Status);
        Assert.True(scsi.Device.TryAttach(0, backend));
    }

    [Fact]
    public void Growing_is_an_event_and_a_unit_attention()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(backend);
        scsi.OfferEventBuffers(2);
        backend.Grow(4 << 20);
        Assert.Equal((ScsiEventCode.ParamChange, 0, 0x092au), scsi.TakeEvent(0));
        // Commands that ask what is there do not take the attention.
        Assert.Equal(36, scsi.In([(byte)ScsiOperation.Inquiry, 0, 0, 0, 36, 0], 36).Data.Length);
        Assert.Equal(ScsiSense.CapacityChanged, scsi.Do(TestUnitReady).Sense);
        Assert.Equal(ScsiStatus.Good, scsi.Do(TestUnitReady).Status);
        Assert.Equal([0, 0, 31, 255, 0, 0, 2, 0], scsi.In(ScsiDriver.Cdb10(ScsiOperation.ReadCapacity10, 0, 0), 8).Data);
        scsi.Device.Dispose();
        backend.Grow(8 << 20);
        Assert.Null(scsi.TakeEvent(1));
    }

    [Fact]
    public void Events_wait_for_buffers_and_too_many_are_told_as_missed()
    {
        using var scsi = new ScsiDriver();
        Assert.True(scsi.Device.TryAttach(0, new MemoryBlockBackend(512)));
        for (int i = 0; i < ScsiState.EventCapacity; i++)
        {
            Assert.True(scsi.Device.DetachAsync(0).IsCompleted);
            Assert.True(scsi.Device.TryAttach(0, new MemoryBlockBackend(512)));
        }

        Assert.Equal(ScsiState.EventCapacity + 1, scsi.Device.Metrics.EventsMissed);
        scsi.OfferEventBuffers(2);
        Assert.Equal(ScsiEventCode.TransportReset | ScsiEventCode.EventsMissed, scsi.TakeEvent(0)?.Event);
        Assert.Equal(ScsiEventCode.TransportReset, scsi.TakeEvent(1)?.Event);
    }

    [Fact]
    public void A_driver_that_does_not_want_events_or_is_not_there_gets_none()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(features: ~(ScsiFeatures.Hotplug | ScsiFeatures.Change));
        scsi.OfferEventBuffers(1);
        Assert.True(scsi.Device.TryAttach(0, backend));
        backend.Grow(4 << 20);
        Assert.Null(scsi.TakeEvent(0));
        scsi.Driver.Write(VirtioMmioRegister.Status, 0);
        Assert.True(scsi.Device.TryAttach(1, new MemoryBlockBackend(512)));
        scsi.Driver.Start();
        scsi.OfferEventBuffers(1);
        Assert.Null(scsi.TakeEvent(0));
        // A reset ends a unit attention and keeps the units.
        Assert.Equal(ScsiStatus.Good, scsi.Do(TestUnitReady).Status);
        Assert.Equal(ScsiStatus.Good, scsi.Do(1, TestUnitReady).Status);
    }

    [Fact]
    public void A_task_that_aborts_ends_with_the_requests_it_is_about()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(backend);
        scsi.Offer(1, 0, Flush);
        scsi.Offer(2, 0, Flush);
        scsi.Queue.Notify();
        scsi.OfferTask(0, ScsiTaskFunction.QueryTask, id: 2);
        Assert.Equal((byte)ScsiResponse.FunctionSucceeded, scsi.TaskResponse(0));
        scsi.OfferTask(1, ScsiTaskFunction.AbortTask, id: 2);
        scsi.OfferTask(2, ScsiTaskFunction.LogicalUnitReset);
        scsi.OfferTask(3, ScsiTaskFunction.AbortTask, id: 99);
        Assert.Equal(
            [ScsiDriver.Pending, ScsiDriver.Pending, (byte)ScsiResponse.Ok], [scsi.TaskResponse(1), scsi.TaskResponse(2), scsi.TaskResponse(3)]);
        // One that comes after the task does not matter to it, and is told of the reset.
        scsi.Offer(3, 0, Flush);
        scsi.Queue.Notify();
        Assert.Equal(ScsiSense.UnitWasReset, scsi.Result(3)!.Sense);
        scsi.Offer(4, 0, Flush);
        scsi.Queue.Notify();
        backend.End(1);
        Assert.Equal([(byte)ScsiResponse.Ok, ScsiDriver.Pending], [scsi.TaskResponse(1), scsi.TaskResponse(2)]);
        backend.End(0);
        Assert.Equal((byte)ScsiResponse.Ok, scsi.TaskResponse(2));
        Assert.Equal(1, backend.WaitingCount);
    }

    [Fact]
    public void Tasks_for_nobody_are_refused()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(512));
        scsi.OfferTask(0, ScsiTaskFunction.LogicalUnitReset, lun: 1);
        scsi.OfferTask(1, ScsiTaskFunction.LogicalUnitReset, target: 1);
        scsi.OfferTask(2, (ScsiTaskFunction)77);
        scsi.OfferTask(3, ScsiTaskFunction.ITNexusReset, lun: 1);
        scsi.OfferTask(4, ScsiTaskFunction.ClearAca);
        scsi.OfferTask(5, ScsiTaskFunction.QueryTaskSet);
        ScsiResponse[] expected =
        [
            ScsiResponse.IncorrectLun, ScsiResponse.BadTarget, ScsiResponse.FunctionRejected, ScsiResponse.Ok, ScsiResponse.Ok, ScsiResponse.Ok,
        ];
        Assert.Equal(expected, Enumerable.Range(0, 6).Select(slot => (ScsiResponse)scsi.TaskResponse(slot)));
        Assert.Equal(ScsiSense.UnitWasReset, scsi.Do(TestUnitReady).Sense);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void There_are_no_asynchronous_notifications(byte type)
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(512));
        scsi.Driver.WriteMemory(TestDriver.Scratch, [type, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0]);
        scsi.Driver.WriteMemory(ScsiDriver.Data, [1, 1, 1, 1, 1]);
        scsi.Driver[ScsiQueue.Control].Add(new Piece(TestDriver.Scratch, 16), new Piece(ScsiDriver.Data, 5, true));
        scsi.Driver[ScsiQueue.Control].Notify();
        Assert.Equal(5u, scsi.Driver[ScsiQueue.Control].TakeUsed()?.Length);
        Assert.Equal(new byte[5], scsi.Driver.ReadMemory(ScsiDriver.Data, 5));
    }

    [Theory]
    [InlineData(ScsiQueue.Control, 24, 0)]
    [InlineData(ScsiQueue.Control, 23, 1)]
    [InlineData(ScsiQueue.Request, 51, 107)]
    public void A_request_without_sense_or_room_for_its_response_needs_a_reset(int queue, int readable, int writable)
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(512));
        scsi.Driver.WriteMemory(TestDriver.Scratch, new byte[64]);
        scsi.Driver[queue].Add(new Piece(TestDriver.Scratch, readable), new Piece(ScsiDriver.Data, writable, true));
        scsi.Driver[queue].Notify();
        Assert.True(scsi.Driver.NeedsReset);
        scsi.Driver.Start();
        Assert.Equal(ScsiStatus.Good, scsi.Do(TestUnitReady).Status);
    }

    [Fact]
    public void Half_a_command_and_data_outside_RAM_are_failures()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(4096));
        scsi.Queue.Add(new Piece(TestDriver.Scratch, 50), new Piece(ScsiDriver.ResponseAt(0), 108, true));
        scsi.Queue.Notify();
        Assert.Equal(ScsiResponse.Failure, scsi.Result(0)!.Response);
        Assert.Equal(1, scsi.Device.Metrics.Malformed);
        scsi.Offer(1, 0, ScsiDriver.Cdb10(ScsiOperation.Read10, 0, 1), dataIn: [new Piece(0x1000, 512, true)]);
        scsi.Offer(2, 0, ScsiDriver.Cdb10(ScsiOperation.Write10, 0, 1), dataOut: [new Piece(0x1000, 512)]);
        scsi.Offer(3, 0, ScsiDriver.Cdb10(ScsiOperation.ReadCapacity10, 0, 0), dataIn: [new Piece(0x1000, 8, true)]);
        scsi.Queue.Notify();
        for (int slot = 1; slot < 4; slot++) Assert.Equal(ScsiResponse.Failure, scsi.Result(slot)!.Response);
        Assert.False(scsi.Driver.NeedsReset);
    }

    [Fact]
    public async Task A_drained_adapter_takes_no_request_until_it_resumes()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(backend);
        scsi.OfferEventBuffers(1);
        scsi.Offer(1, 0, Flush);
        scsi.Queue.Notify();
        scsi.OfferTask(0, ScsiTaskFunction.AbortTaskSet);
        Task drained = scsi.Device.DrainAsync();
        Assert.False(drained.IsCompleted);
        scsi.Offer(2, 0, Flush);
        scsi.Queue.Notify();
        backend.End(0);
        await drained.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, scsi.TaskResponse(0));
        Assert.Null(scsi.Result(2));
        Assert.True(scsi.Device.TryAttach(1, new MemoryBlockBackend(512)));
        Assert.Null(scsi.TakeEvent(0));
        scsi.Device.Resume();
        Assert.NotNull(scsi.TakeEvent(0));
        backend.End(0);
        Assert.Equal(ScsiStatus.Good, scsi.Result(2)!.Status);
    }

    [Fact]
    public void A_reset_orphans_requests_in_flight_and_forgets_tasks()
    {
        var backend = new ControlledBackend();
        using var scsi = new ScsiDriver(backend);
        scsi.Offer(1, 0, Flush);
        scsi.Queue.Notify();
        scsi.OfferTask(0, ScsiTaskFunction.AbortTask, id: 1);
        scsi.Driver.Start();
        scsi.Offer(2, 0, Flush);
        scsi.Queue.Notify();
        Assert.Equal(1, backend.WaitingCount);
        backend.End(0);
        Assert.Null(scsi.Result(1));
        Assert.Equal(ScsiDriver.Pending, scsi.TaskResponse(0));
        backend.End(0);
        Assert.Equal(ScsiStatus.Good, scsi.Result(2)!.Status);
    }

    [Fact]
    public void A_request_allocates_nothing()
    {
        using var scsi = new ScsiDriver(new MemoryBlockBackend(1 << 20));
        Assert.Equal(4096, scsi.Read(0, 8).Length);
        scsi.Offer(0, 0, ScsiDriver.Cdb10(ScsiOperation.Read10, 0, 8), dataIn: [new Piece(ScsiDriver.Data, 4096, true)]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        scsi.Queue.Notify();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(ScsiStatus.Good, scsi.Result(0)!.Status);
    }
}
