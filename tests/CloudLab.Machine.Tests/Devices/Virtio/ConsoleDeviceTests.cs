using System.Text;
using CloudLab.Machine.Devices.Virtio.Console;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

public sealed class ConsoleDeviceTests : IDisposable
{
    private readonly TestDriver _driver = new((memory, line) => new ConsoleDevice(memory, line));
    private readonly List<byte> _received = [];

    public ConsoleDeviceTests()
    {
        Device.Received += bytes => _received.AddRange(bytes.Span);
        _driver.Start();
    }

    private ConsoleDevice Device => (ConsoleDevice)_driver.Device;

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void Only_the_agents_port_is_announced_with_its_name()
    {
        Assert.Equal(2u, _driver.Config(4, 4));
        OfferControlBuffers(8);
        SendControl(0, ConsoleEvent.DeviceReady, 1);
        Assert.Equal((new ConsoleRequest(1, ConsoleEvent.DeviceAdd, 1), ""), ReceiveControl());
        Assert.Null(ReceiveControl());
        SendControl(1, ConsoleEvent.PortReady, 1);
        Assert.Equal((new ConsoleRequest(1, ConsoleEvent.PortName, 1), "org.cloudlab.agent.0"), ReceiveControl());
        Assert.Equal((new ConsoleRequest(1, ConsoleEvent.PortOpen, 1), ""), ReceiveControl());
        Assert.Null(ReceiveControl());
    }

    [Fact]
    public void Control_messages_wait_for_buffers()
    {
        SendControl(0, ConsoleEvent.DeviceReady, 1);
        SendControl(1, ConsoleEvent.PortReady, 1);
        OfferControlBuffers(3);
        Assert.Equal(ConsoleEvent.DeviceAdd, ReceiveControl()?.Message.Event);
        Assert.Equal(ConsoleEvent.PortName, ReceiveControl()?.Message.Event);
        Assert.Equal(ConsoleEvent.PortOpen, ReceiveControl()?.Message.Event);
    }

    [Fact]
    public void A_guest_that_takes_no_control_messages_fills_no_memory()
    {
        for (int i = 0; i < 100; i++) SendControl(1, ConsoleEvent.PortReady, 1);
        Assert.Equal(200 - ConsoleState.ControlCapacity, Device.Metrics.ControlDropped);
        SendControl(7, ConsoleEvent.PortReady, 1);
        SendControl(1, (ConsoleEvent)99, 1);
        Assert.Equal(202 - ConsoleState.ControlCapacity, Device.Metrics.ControlDropped);
    }

    [Fact]
    public void The_agents_bytes_arrive_in_order()
    {
        Write("hello "u8, pieces: 1);
        Write("from the guest"u8, pieces: 3);
        Assert.Equal("hello from the guest", Encoding.ASCII.GetString([.. _received]));
        Assert.Equal(20, Device.Metrics.BytesReceived);
    }

    [Fact]
    public void A_message_that_is_too_long_is_cut()
    {
        TestQueue queue = _driver[ConsoleQueue.AgentTransmit];
        queue.Add(new Piece(TestDriver.Scratch, ConsoleDevice.MaxMessage), new Piece(TestDriver.Scratch, 100));
        queue.Notify();
        Assert.Equal(ConsoleDevice.MaxMessage, _received.Count);
        Assert.Equal(100, Device.Metrics.BytesDropped);
        Assert.NotNull(queue.TakeUsed());
    }

    [Fact]
    public void Bytes_reach_the_agent_once_it_has_opened_the_port()
    {
        Assert.False(Device.IsOpen);
        Assert.False(Device.TrySend("early"u8));
        SendControl(1, ConsoleEvent.PortOpen, 1);
        Assert.True(Device.IsOpen);
        Assert.True(Device.TrySend("hello"u8));
        TestQueue queue = _driver[ConsoleQueue.AgentReceive];
        Assert.False(queue.HasUsed);
        queue.Add(new Piece(TestDriver.Scratch, 3, true));
        queue.Add(new Piece(TestDriver.Scratch + 3, 30, true));
        queue.Notify();
        Assert.Equal(3u, queue.TakeUsed()?.Length);
        Assert.Equal(2u, queue.TakeUsed()?.Length);
        Assert.Equal("hello"u8, _driver.ReadMemory(TestDriver.Scratch, 5));

        SendControl(1, ConsoleEvent.PortOpen, 0);
        Assert.False(Device.TrySend("late"u8));
    }

    [Fact]
    public void What_waits_for_the_agent_is_bounded_and_taken_whole_or_not_at_all()
    {
        SendControl(1, ConsoleEvent.PortOpen, 1);
        byte[] bytes = new byte[ConsoleState.OutgoingCapacity - 1];
        Assert.True(Device.TrySend(bytes));
        Assert.False(Device.TrySend("xx"u8));
        Assert.True(Device.TrySend("x"u8));
    }

    [Fact]
    public void A_listener_may_answer_at_once()
    {
        SendControl(1, ConsoleEvent.PortOpen, 1);
        Device.Received += bytes => Assert.True(Device.TrySend(bytes.Span));
        TestQueue queue = _driver[ConsoleQueue.AgentReceive];
        queue.Add(new Piece(TestDriver.Scratch + 0x1000, 64, true));
        Write("ping"u8, pieces: 1);
        Assert.Equal(4u, queue.TakeUsed()?.Length);
        Assert.Equal("ping"u8, _driver.ReadMemory(TestDriver.Scratch + 0x1000, 4));
    }

    [Fact]
    public void Port_zero_swallows_what_is_written_to_it()
    {
        _driver[ConsoleQueue.Port0Transmit].Add(new Piece(TestDriver.Scratch, 10));
        _driver[ConsoleQueue.Port0Transmit].Notify();
        Assert.NotNull(_driver[ConsoleQueue.Port0Transmit].TakeUsed());
        Assert.Empty(_received);
    }

    [Fact]
    public void A_reset_closes_the_port()
    {
        SendControl(1, ConsoleEvent.PortOpen, 1);
        Device.TrySend("lost"u8);
        _driver.ResetMachine();
        Assert.False(Device.IsOpen);
        _driver.Start();
        SendControl(1, ConsoleEvent.PortOpen, 1);
        _driver[ConsoleQueue.AgentReceive].Add(new Piece(TestDriver.Scratch, 64, true));
        _driver[ConsoleQueue.AgentReceive].Notify();
        Assert.False(_driver[ConsoleQueue.AgentReceive].HasUsed);
    }

    [Theory]
    [InlineData(ConsoleQueue.ControlTransmit, 7, false)]
    [InlineData(ConsoleQueue.ControlReceive, 7, true)]
    [InlineData(ConsoleQueue.AgentReceive, 8, false)]
    public void A_buffer_of_the_wrong_kind_needs_a_reset(int queue, int length, bool writable)
    {
        SendControl(1, ConsoleEvent.PortOpen, 1);
        SendControl(0, ConsoleEvent.DeviceReady, 1);
        Device.TrySend("x"u8);
        _driver[queue].Add(new Piece(TestDriver.Scratch, length, writable));
        _driver[queue].Notify();
        Assert.True(_driver.NeedsReset);
    }

    private void Write(ReadOnlySpan<byte> bytes, int pieces)
    {
        _driver.WriteMemory(TestDriver.Scratch, bytes);
        int cut = bytes.Length / pieces;
        Piece[] chain = [.. Enumerable.Range(0, pieces).Select(i => new Piece(TestDriver.Scratch + (ulong)(i * cut), cut))];
        chain[^1] = chain[^1] with { Length = bytes.Length - cut * (pieces - 1) };
        _driver[ConsoleQueue.AgentTransmit].Add(chain);
        _driver[ConsoleQueue.AgentTransmit].Notify();
    }

    private void OfferControlBuffers(int count)
    {
        for (int i = 0; i < count; i++)
            _driver[ConsoleQueue.ControlReceive].Add(new Piece(TestDriver.Scratch + 0x2000 + (ulong)i * 64, 64, true));
        _driver[ConsoleQueue.ControlReceive].Notify();
    }

    private void SendControl(uint port, ConsoleEvent what, ushort value)
    {
        _driver.WriteMemory(TestDriver.Scratch + 0x1000, new ConsoleRequest(port, what, value).ToArray());
        _driver[ConsoleQueue.ControlTransmit].Add(new Piece(TestDriver.Scratch + 0x1000, ConsoleRequest.Size));
        _driver[ConsoleQueue.ControlTransmit].Notify();
    }

    private (ConsoleRequest Message, string Text)? ReceiveControl()
    {
        if (_driver[ConsoleQueue.ControlReceive].TakeUsed() is not var (head, length)) return null;
        byte[] bytes = _driver.ReadMemory(TestDriver.Scratch + 0x2000 + head * 64, (int)length);
        return (ConsoleRequest.Parse(bytes), Encoding.ASCII.GetString(bytes.AsSpan(ConsoleRequest.Size)));
    }
}
