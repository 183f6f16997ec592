using CloudLab.Machine.Devices.Virtio.Entropy;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

public sealed class EntropyDeviceTests : IDisposable
{
    private readonly TestDriver _driver = new((memory, line) => new EntropyDevice(memory, line));

    public EntropyDeviceTests() => _driver.Start();

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void A_buffer_is_filled_with_random_bytes()
    {
        _driver[0].Add(new Piece(TestDriver.Scratch, 64, true));
        _driver[0].Add(new Piece(TestDriver.Scratch + 64, 32, true), new Piece(TestDriver.Scratch + 96, 32, true));
        _driver[0].Notify();
        Assert.Equal(64u, _driver[0].TakeUsed()?.Length);
        Assert.Equal(64u, _driver[0].TakeUsed()?.Length);
        byte[] bytes = _driver.ReadMemory(TestDriver.Scratch, 128);
        Assert.NotEqual(bytes[..64], bytes[64..]);
        // 128 random bytes have fewer than 32 distinct values about once in 2^300 times.
        Assert.True(bytes.Distinct().Count() > 32);
    }

    [Fact]
    public void One_request_gives_a_bounded_number_of_bytes()
    {
        _driver[0].Add(new Piece(TestDriver.Scratch, 1 << 20, true));
        _driver[0].Notify();
        Assert.Equal((uint)EntropyDevice.MaxBytes, _driver[0].TakeUsed()?.Length);
        Assert.Equal(EntropyDevice.MaxBytes, ((EntropyDevice)_driver.Device).Metrics.Bytes);
    }
}
