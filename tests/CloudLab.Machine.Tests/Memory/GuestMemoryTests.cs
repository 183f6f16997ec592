using CloudLab.Machine.Memory;
using Xunit;

namespace CloudLab.Machine.Tests.Memory;

public sealed class GuestMemoryTests
{
    private const ulong Start = 0x8000_0000;
    private const ulong GiB = 1 << 30;

    // Demand-zero: only the pages that a test touches exist.
    private const ulong Size = 3 * GiB + (1 << 20);

    [Theory]
    [InlineData(0UL, 4096)]
    [InlineData(GiB - 2, 4)]
    [InlineData(2 * GiB - 1, 4097)]
    [InlineData(Size - 5, 5)]
    public void A_buffer_is_the_guests_memory_itself(ulong offset, int length)
    {
        using var memory = new GuestMemory(new GuestAddress(Start), Size);
        var address = new GuestAddress(Start + offset);
        Assert.True(memory.TryGetBuffer(address, length, out Memory<byte> buffer));
        Assert.Equal(length, buffer.Length);
        buffer.Span[0] = 1;
        buffer.Span[^1] = 2;
        byte[] read = new byte[length];
        Assert.True(memory.TryRead(address, read));
        Assert.Equal((1, 2), (read[0], read[^1]));
    }

    [Fact]
    public void The_longest_buffer_fits_anywhere()
    {
        using var memory = new GuestMemory(new GuestAddress(Start), Size);
        foreach (ulong offset in new ulong[] { 0UL, 1, GiB - 1, 2 * GiB, Size - GiB })
            Assert.True(memory.TryGetBuffer(new GuestAddress(Start + offset), (int)GiB, out _));
        Assert.False(memory.TryGetBuffer(new GuestAddress(Start), (int)GiB + 1, out _));
    }

    [Fact]
    public void Ranges_that_are_not_all_RAM_are_refused()
    {
        using var memory = new GuestMemory(new GuestAddress(Start), Size);
        byte[] bytes = new byte[16];
        foreach (ulong address in new ulong[] { 0, Start - 1, Start + Size - 15, Start + Size, ulong.MaxValue, ulong.MaxValue - 15 })
        {
            Assert.False(memory.TryGetBuffer(new GuestAddress(address), 16, out _));
            Assert.False(memory.TryRead(new GuestAddress(address), bytes));
            Assert.False(memory.TryWrite(new GuestAddress(address), bytes));
        }

        Assert.True(memory.TryGetBuffer(new GuestAddress(Start + Size), 0, out Memory<byte> empty));
        Assert.True(empty.IsEmpty);
    }
}
