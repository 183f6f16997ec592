using System.Text;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Devices.UartRegisters;

namespace CloudLab.Machine.Tests.Devices;

public sealed class UartTests : IDisposable
{
    private readonly SerialConsole _console = new();
    private readonly FakeLine _line = new();
    private readonly Uart _uart;

    public UartTests() => _uart = new Uart(_console, _line);

    public void Dispose() => _uart.Dispose();

    [Fact]
    public void Output_reaches_the_console_at_a_lines_end()
    {
        Send("hello");
        Assert.Equal("", Output());
        Send("\n");
        Assert.Equal("hello\n", Output());
    }

    [Fact]
    public void A_prompt_without_a_line_end_reaches_the_console_by_flush()
    {
        Send("/ # ");
        _uart.Flush();
        Assert.Equal("/ # ", Output());
        _uart.Flush();
        Assert.Equal(4, _console.TotalWritten);
    }

    [Fact]
    public void A_long_line_reaches_the_console_in_pieces()
    {
        Send(new string('x', 1000));
        Assert.Equal(1000 / Uart.FlushThreshold * Uart.FlushThreshold, Output().Length);
    }

    [Fact]
    public void Output_of_several_vcpus_is_complete()
    {
        Parallel.For(0, 8, vcpu =>
        {
            for (int i = 0; i < 2000; i++) Write(Data, (byte)('a' + vcpu));
        });
        _uart.Flush();
        string output = Output();
        for (int vcpu = 0; vcpu < 8; vcpu++) Assert.Equal(2000, output.Count(c => c == 'a' + vcpu));
    }

    [Fact]
    public void The_transmitter_is_always_empty()
    {
        Assert.Equal(0x60, Read(LineStatus));
        Write(Data, (byte)'x');
        Assert.Equal(0x60, Read(LineStatus));
    }

    [Fact]
    public void Enabling_the_transmitter_interrupt_raises_it_and_reading_its_identity_takes_it_back()
    {
        Assert.False(_line.Level);
        Write(InterruptEnable, IerTransmitterEmpty);
        Assert.True(_line.Level);
        Assert.Equal(IirTransmitterEmpty, Read(InterruptIdentity));
        Assert.False(_line.Level);
        Assert.Equal(IirNone, Read(InterruptIdentity));

        Write(Data, (byte)'x');
        Assert.True(_line.Level);
        Assert.Equal(IirTransmitterEmpty, Read(InterruptIdentity));
        Assert.False(_line.Level);

        // Linux's test of the transmitter interrupt: off and on again raises it anew.
        Write(InterruptEnable, 0);
        Write(InterruptEnable, IerTransmitterEmpty);
        Assert.True(_line.Level);
    }

    [Fact]
    public void Reading_another_interrupts_identity_keeps_the_transmitters()
    {
        Write(InterruptEnable, IerTransmitterEmpty | IerReceived);
        _console.WriteInput("x"u8);
        Assert.Equal(IirReceived, Read(InterruptIdentity));
        Assert.Equal((byte)'x', Read(Data));
        Assert.Equal(IirTransmitterEmpty, Read(InterruptIdentity));
    }

    [Fact]
    public void Input_interrupts_when_enabled_and_the_line_falls_when_it_was_read()
    {
        _console.WriteInput("ab"u8);
        Assert.False(_line.Level);
        Assert.Equal(0x61, Read(LineStatus));
        Write(InterruptEnable, IerReceived);
        Assert.True(_line.Level);
        Assert.Equal((byte)'a', Read(Data));
        Assert.Equal((byte)'b', Read(Data));
        Assert.False(_line.Level);
        Assert.Equal(0x60, Read(LineStatus));
        Assert.Equal(0, Read(Data));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 4)]
    [InlineData(2, 8)]
    [InlineData(3, 14)]
    public void Input_below_the_trigger_level_reports_the_time_out(int trigger, int level)
    {
        Write(InterruptIdentity, (byte)(FcrEnable | (trigger << 6)));
        Write(InterruptEnable, IerReceived);
        for (int count = 1; count <= UartState.Fifo.Capacity; count++)
        {
            _console.WriteInput("x"u8);
            Assert.True(_line.Level);
            Assert.Equal(IirFifosEnabled | (count < level ? IirTimeout : IirReceived), Read(InterruptIdentity));
        }
    }

    [Fact]
    public void No_input_is_lost_however_slowly_the_guest_reads()
    {
        byte[] sent = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
        Write(InterruptIdentity, FcrEnable);
        _console.WriteInput(sent);
        var received = new List<byte>();
        while ((Read(LineStatus) & LsrDataReady) != 0) received.Add(Read(Data));
        Assert.Equal(sent, received);
    }

    [Fact]
    public void Loopback_returns_what_is_sent_and_shows_modem_outputs_as_inputs()
    {
        Assert.Equal(MsrCts | MsrDsr | MsrDcd, Read(ModemStatus));
        // As Linux probes: OUT2 and RTS come back as DCD and CTS.
        Write(ModemControl, McrLoopback | McrOut2 | McrRts);
        Assert.Equal(MsrDcd | MsrCts, Read(ModemStatus) & 0xf0);
        Assert.Equal(0, Read(ModemStatus) & 0x0f);
        Write(Data, (byte)'q');
        Assert.Equal((byte)'q', Read(Data));
        _uart.Flush();
        Assert.Equal("", Output());

        Write(InterruptEnable, IerLineStatus);
        Write(Data, 1);
        Write(Data, 2);
        Assert.Equal(IirLineStatus, Read(InterruptIdentity));
        Assert.True((Read(LineStatus) & LsrOverrun) != 0);
        Assert.False((Read(LineStatus) & LsrOverrun) != 0);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Modem_changes_interrupt_until_they_are_read()
    {
        Write(ModemControl, McrLoopback);
        Read(ModemStatus);
        Write(InterruptEnable, IerModemStatus);
        Assert.False(_line.Level);
        Write(ModemControl, McrLoopback | McrDtr);
        Assert.Equal(IirModemStatus, Read(InterruptIdentity));
        Assert.True(_line.Level);
        Assert.Equal(MsrDsr | (MsrDsr >> 4), Read(ModemStatus));
        Assert.False(_line.Level);
    }

    [Fact]
    public void The_divisor_latch_hides_data_and_interrupt_enable()
    {
        Write(InterruptEnable, IerReceived);
        Write(LineControl, LcrDivisorLatch | 3);
        Write(Data, 0x34);
        Write(InterruptEnable, 0x12);
        Assert.Equal(0x34, Read(Data));
        Assert.Equal(0x12, Read(InterruptEnable));
        Write(LineControl, 3);
        Assert.Equal(IerReceived, Read(InterruptEnable));
        Write(Scratch, 0x5a);
        Assert.Equal(0x5a, Read(Scratch));
    }

    [Fact]
    public void Reset_returns_to_power_on_and_loses_neither_output_nor_waiting_input()
    {
        Send("last words");
        Write(InterruptEnable, 0x0f);
        Write(LineControl, 3);
        Write(ModemControl, McrLoopback);
        _console.WriteInput("kept"u8);
        _uart.Reset();
        Assert.Equal("last words", Output());
        Assert.False(_line.Level);
        Assert.Equal(0, Read(InterruptEnable));
        Assert.Equal(0, Read(LineControl));
        Assert.Equal(0, Read(ModemControl));
        Assert.Equal((byte)'k', Read(Data));
    }

    [Fact]
    public void No_sequence_of_accesses_throws()
    {
        Gen.Select(Gen.ULong[0, 12], Gen.Int[0, 3].Select(s => 1 << s), Gen.ULong, Gen.Int[0, 2]).Array[200].Sample(accesses =>
        {
            foreach ((ulong offset, int size, ulong value, int kind) in accesses)
            {
                if (kind == 0) _uart.Read(offset, size);
                else if (kind == 1) _uart.Write(offset, size, value);
                else _console.WriteInput([(byte)value]);
            }
        }, iter: 500, threads: 1);
        Assert.True(_uart.BadAccesses > 0);
    }

    private byte Read(ulong register) => (byte)_uart.Read(register, 1);

    private void Write(ulong register, byte value) => _uart.Write(register, 1, value);

    private void Send(string text)
    {
        foreach (byte b in Encoding.ASCII.GetBytes(text)) Write(Data, b);
    }

    private string Output() => Encoding.ASCII.GetString(_console.Snapshot());
}
