using CloudLab.Machine.Devices;
using Xunit;

namespace CloudLab.Machine.Tests.Devices;

public sealed class TestDeviceTests : IPowerControl
{
    private readonly List<string> _asked = [];

    [Theory]
    [InlineData(0x5555, "off")]
    [InlineData(0x7777, "reset")]
    [InlineData(0x0003_3333, "fail 3")]
    [InlineData(0xffff_3333, "fail 65535")]
    public void A_command_reaches_the_machine(uint value, string asked)
    {
        var device = new TestDevice(this);
        device.Write(0, 4, value);
        Assert.Equal([asked], _asked);
    }

    [Fact]
    public void Anything_else_is_counted()
    {
        var device = new TestDevice(this);
        device.Write(0, 4, 0x1234);
        device.Write(4, 4, 0x5555);
        device.Write(0, 1, 0x5555);
        Assert.Equal(0u, device.Read(0, 4));
        Assert.Empty(_asked);
        Assert.Equal(3, device.BadAccesses);
    }

    void IPowerControl.PowerOff() => _asked.Add("off");

    void IPowerControl.Reset() => _asked.Add("reset");

    void IPowerControl.Fail(int code) => _asked.Add($"fail {code}");
}
