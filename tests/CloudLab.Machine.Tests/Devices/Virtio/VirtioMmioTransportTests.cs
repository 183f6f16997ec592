using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Entropy;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

public sealed class VirtioMmioTransportTests : IDisposable
{
    private readonly TestDriver _driver = new((memory, line) => new EntropyDevice(memory, line));

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void The_device_identifies_itself_as_version_2()
    {
        Assert.Equal(0x7472_6976u, _driver.Read(VirtioMmioRegister.MagicValue));
        Assert.Equal(2u, _driver.Read(VirtioMmioRegister.Version));
        Assert.Equal(VirtioDeviceType.Entropy, _driver.Read(VirtioMmioRegister.DeviceId));
        Assert.Equal(VirtioFeatures.Common, _driver.OfferedFeatures());
        _driver.Write(VirtioMmioRegister.DeviceFeaturesSel, 2);
        Assert.Equal(0u, _driver.Read(VirtioMmioRegister.DeviceFeatures));
        Assert.Equal(uint.MaxValue, _driver.Read(VirtioMmioRegister.ShmLenLow));
    }

    [Fact]
    public void A_queue_that_does_not_exist_has_no_size_and_cannot_be_set_up()
    {
        _driver.Negotiate();
        _driver.Write(VirtioMmioRegister.QueueSel, 1);
        Assert.Equal(0u, _driver.Read(VirtioMmioRegister.QueueSizeMax));
        _driver.Write(VirtioMmioRegister.QueueReady, 1);
        Assert.Equal(0u, _driver.Read(VirtioMmioRegister.QueueReady));
        _driver.Write(VirtioMmioRegister.QueueNotify, 1);
        _driver.Write(VirtioMmioRegister.QueueNotify, uint.MaxValue);
        Assert.Equal(3, _driver.Device.Metrics.BadAccesses);
    }

    [Theory]
    [InlineData(VirtioFeatures.IndirectDesc)]
    [InlineData(VirtioFeatures.Version1 | 1)]
    [InlineData(0)]
    public void Features_that_do_not_fit_are_not_accepted(ulong features)
    {
        _driver.Write(VirtioMmioRegister.Status, 3);
        _driver.AcceptFeatures(features);
        _driver.Write(VirtioMmioRegister.Status, 11);
        Assert.Equal(3u, _driver.Status);
    }

    [Fact]
    public void A_driver_that_skips_the_features_needs_a_reset()
    {
        _driver.Write(VirtioMmioRegister.Status, 7);
        Assert.Equal(3 | VirtioStatus.DeviceNeedsReset, _driver.Status);
        _driver.Write(VirtioMmioRegister.Status, 0);
        Assert.Equal(0u, _driver.Status);
    }

    [Theory]
    [InlineData(0u, 0UL, 0UL, 0UL)]
    [InlineData(3u, 0UL, 0x4000UL, 0x8000UL)]
    [InlineData(32u, 0UL, 0x4000UL, 0x8000UL)]
    [InlineData(16u, 8UL, 0x4000UL, 0x8000UL)]
    [InlineData(16u, 0UL, 0x4001UL, 0x8000UL)]
    [InlineData(16u, 0UL, 0x4000UL, 0x8002UL)]
    [InlineData(16u, 0xffff_ffff_ffff_f000UL, 0x4000UL, 0x8000UL)]
    [InlineData(16u, 0UL, 0xff_fff0UL, 0x8000UL)]
    [InlineData(16u, 0UL, 0x4000UL, 0x1_0000_0000_0000UL)]
    public void An_unsound_queue_needs_a_reset(uint size, ulong descriptors, ulong driver, ulong device)
    {
        _driver.Negotiate();
        _driver.Write(VirtioMmioRegister.QueueSel, 0);
        _driver.Write(VirtioMmioRegister.QueueSize, size);
        unchecked
        {
            _driver.WriteAddresses(TestDriver.RamStart + descriptors, TestDriver.RamStart + driver, TestDriver.RamStart + device);
        }

        _driver.Write(VirtioMmioRegister.QueueReady, 1);
        Assert.Equal(0u, _driver.Read(VirtioMmioRegister.QueueReady));
        Assert.True(_driver.NeedsReset);
        Assert.Equal(1, _driver.Device.Metrics.NeedsReset);
    }

    [Fact]
    public void A_ready_queue_cannot_be_moved()
    {
        _driver.Start();
        _driver.Write(VirtioMmioRegister.QueueDescLow, 0x1234);
        _driver.Write(VirtioMmioRegister.QueueSize, 2);
        Assert.Equal(2, _driver.Device.Metrics.BadAccesses);
        Assert.Equal(TestDriver.RamStart, _driver.Device.Queues[0].State.DescriptorArea);
        _driver.Write(VirtioMmioRegister.QueueReady, 0);
        Assert.Equal(0u, _driver.Read(VirtioMmioRegister.QueueReady));
    }

    [Fact]
    public void Bad_accesses_are_counted_and_read_zero()
    {
        foreach (int size in new[] { 1, 2, 8 })
        {
            Assert.Equal(0u, _driver.Read(VirtioMmioRegister.MagicValue, size));
            _driver.Write(VirtioMmioRegister.Status, size, 1);
            _driver.Write(VirtioMmioRegister.QueueNotify, size, 0);
        }

        Assert.Equal(0u, _driver.Read(2, 4));
        Assert.Equal(0u, _driver.Read(0x0fa));
        _driver.Write(VirtioMmioRegister.MagicValue, 1);
        _driver.Write(VirtioMmioRegister.Config, 1);
        Assert.Equal(13, _driver.Device.Metrics.BadAccesses);
        Assert.Equal(0u, _driver.Status);
    }

    [Fact]
    public void Buffers_offered_before_the_driver_is_ready_are_used_when_it_is()
    {
        _driver.Negotiate();
        TestQueue queue = _driver.SetUpQueue(0);
        queue.Add(new Piece(TestDriver.Scratch, 8, true));
        queue.Notify();
        Assert.False(queue.HasUsed);
        _driver.Write(VirtioMmioRegister.Status, 15);
        Assert.Equal(8u, queue.TakeUsed()?.Length);
    }

    [Fact]
    public void A_reset_of_the_machine_returns_the_device_to_power_on()
    {
        _driver.Start();
        _driver[0].Add(new Piece(TestDriver.Scratch, 8, true));
        _driver[0].Notify();
        Assert.True(_driver.Line.Level);
        _driver.ResetMachine();
        Assert.False(_driver.Line.Level);
        Assert.Equal(0u, _driver.Status);
        Assert.Equal(0u, _driver.Read(VirtioMmioRegister.InterruptStatus));
        _driver.Write(VirtioMmioRegister.QueueSel, 0);
        Assert.Equal(0u, _driver.Read(VirtioMmioRegister.QueueReady));
        _driver.Start();
        _driver[0].Add(new Piece(TestDriver.Scratch, 8, true));
        _driver[0].Notify();
        Assert.Equal(8u, _driver[0].TakeUsed()?.Length);
    }
}
