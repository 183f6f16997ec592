using System.Buffers.Binary;
using System.Text;
using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Input;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

public sealed class InputDeviceTests : IDisposable
{
    private readonly TestDriver _driver = new((memory, line) => new InputDevice(memory, line));

    private InputDevice Device => (InputDevice)_driver.Device;

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void The_configuration_describes_a_power_key()
    {
        Assert.Equal("CloudLab power key", Encoding.ASCII.GetString(Select(InputSelect.IdName, 0)));
        Assert.NotEmpty(Select(InputSelect.IdSerial, 0));
        Assert.Equal(8, Select(InputSelect.IdDevids, 0).Length);
        byte[] keys = Select(InputSelect.EvBits, 1);
        Assert.Equal([116], Enumerable.Range(0, keys.Length * 8).Where(key => (keys[key / 8] & (1 << (key % 8))) != 0));
        foreach (byte type in new byte[] { 2, 3, 4, 5, 0x11, 0x14 }) Assert.Empty(Select(InputSelect.EvBits, type));
        foreach (byte select in new byte[] { 0, 0x10, 0x12, 0xff }) Assert.Empty(Select(select, 0));
        _driver.Write(VirtioMmioRegister.Config + 2, 1, 5);
        _driver.Write(VirtioMmioRegister.Config, 4, 1);
        Assert.Equal(2, Device.Metrics.BadAccesses);
    }

    [Fact]
    public void The_power_key_is_pressed_and_released()
    {
        _driver.Start();
        for (int i = 0; i < 8; i++) _driver[0].Add(new Piece(TestDriver.Scratch + (ulong)i * 8, 8, true));
        _driver[0].Notify();
        Assert.True(Device.PressPowerKey());
        (ushort, ushort, uint)[] events = [.. Enumerable.Range(0, 4).Select(_ => TakeEvent())];
        Assert.Equal([(1, 116, 1u), (0, 0, 0u), (1, 116, 0u), (0, 0, 0u)], events);
        Assert.False(_driver[0].HasUsed);
        Assert.NotEqual(0u, _driver.TakeInterrupts());
    }

    [Fact]
    public void Events_wait_for_buffers_but_not_without_end()
    {
        Assert.False(Device.PressPowerKey());
        _driver.Start();
        int presses = 0;
        while (Device.PressPowerKey()) presses++;
        Assert.Equal(InputState.Capacity / 4, presses);
        for (int i = 0; i < 64; i++) _driver[0].Add(new Piece(TestDriver.Scratch + (ulong)i * 8, 8, true));
        _driver[0].Notify();
        for (int i = 0; i < 64; i++) Assert.Equal(8u, _driver[0].TakeUsed()?.Length);
        Assert.True(Device.PressPowerKey());
    }

    [Fact]
    public void A_buffer_too_small_for_an_event_needs_a_reset()
    {
        _driver.Start();
        _driver[0].Add(new Piece(TestDriver.Scratch, 7, true));
        Device.PressPowerKey();
        Assert.True(_driver.NeedsReset);
        _driver.Start();
        _driver[0].Add(new Piece(TestDriver.Scratch, 8, true));
        _driver[0].Notify();
        Assert.False(_driver[0].HasUsed);
    }

    [Fact]
    public void Status_events_are_taken_and_returned()
    {
        _driver.Start();
        _driver[1].Add(new Piece(TestDriver.Scratch, 8));
        _driver[1].Notify();
        Assert.Equal(0u, _driver[1].TakeUsed()?.Length);
    }

    private byte[] Select(byte select, byte subselect)
    {
        _driver.Write(VirtioMmioRegister.Config, 1, select);
        _driver.Write(VirtioMmioRegister.Config + 1, 1, subselect);
        int size = (int)_driver.Config(2, 1);
        return [.. Enumerable.Range(0, size).Select(i => (byte)_driver.Config(8 + (ulong)i, 1))];
    }

    private (ushort Type, ushort Code, uint Value) TakeEvent()
    {
        (uint head, uint length) = _driver[0].TakeUsed()!.Value;
        byte[] bytes = _driver.ReadMemory(TestDriver.Scratch + head * 8, (int)length);
        return (BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2)),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)));
    }
}
