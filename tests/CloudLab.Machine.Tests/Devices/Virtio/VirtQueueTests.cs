using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Entropy;
using CloudLab.Machine.Memory;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

/// <summary>The rules of the rings, on the simplest device: each request is one buffer to fill.</summary>
public sealed class VirtQueueTests : IDisposable
{
    private readonly TestDriver _driver = new((memory, line) => new EntropyDevice(memory, line));

    private TestQueue Queue => _driver[0];

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void Indexes_wrap_around()
    {
        _driver.Start(queueSize: 4);
        for (int i = 0; i < 70_000; i++)
        {
            ushort head = Queue.Add(new Piece(TestDriver.Scratch, 1, true));
            Queue.Notify();
            Assert.Equal((head, 1u), Queue.TakeUsed());
        }

        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void Without_event_index_the_avail_flag_suppresses_interrupts()
    {
        _driver.Start(~VirtioFeatures.EventIdx);
        Queue.SetFlags(1);
        Fill();
        Assert.Equal(0u, _driver.TakeInterrupts());
        Queue.SetFlags(0);
        Fill();
        Assert.Equal(VirtioInterrupt.UsedBuffer, _driver.TakeInterrupts());
    }

    [Fact]
    public void With_event_index_an_interrupt_comes_when_the_index_passes_used_event()
    {
        _driver.Start();
        Queue.SetUsedEvent(2);
        Queue.SetFlags(1);
        Fill();
        Fill();
        Assert.Equal(0u, _driver.TakeInterrupts());
        Fill();
        Assert.Equal(VirtioInterrupt.UsedBuffer, _driver.TakeInterrupts());
        Fill();
        Assert.Equal(0u, _driver.TakeInterrupts());
    }

    [Fact]
    public void With_event_index_the_device_asks_for_the_next_notification()
    {
        _driver.Start();
        for (ushort i = 1; i < 5; i++)
        {
            Fill();
            Assert.Equal(i, Queue.AvailEvent);
        }
    }

    [Fact]
    public void A_chain_may_end_in_an_indirect_table()
    {
        _driver.Start();
        ulong table = TestDriver.Scratch + 0x1000;
        Queue.WriteDescriptor(Queue.Descriptors, 0, TestDriver.Scratch, 2, TestQueue.Next | TestQueue.WritableFlag, 5);
        Queue.WriteDescriptor(Queue.Descriptors, 5, table, 32, TestQueue.Indirect, 0);
        Queue.WriteDescriptor(table, 0, TestDriver.Scratch + 2, 3, TestQueue.Next | TestQueue.WritableFlag, 1);
        Queue.WriteDescriptor(table, 1, TestDriver.Scratch + 5, 4, TestQueue.WritableFlag, 0);
        Queue.Offer(0);
        Queue.Notify();
        Assert.Equal((0u, 9u), Queue.TakeUsed());
    }

    [Theory]
    [InlineData("loop")]
    [InlineData("head beyond the table")]
    [InlineData("next beyond the table")]
    [InlineData("readable after writable")]
    [InlineData("indirect and next")]
    [InlineData("indirect within indirect")]
    [InlineData("indirect of odd length")]
    [InlineData("indirect of no length")]
    [InlineData("indirect outside RAM")]
    [InlineData("indirect next beyond its table")]
    [InlineData("indirect loop")]
    [InlineData("buffer outside RAM")]
    [InlineData("buffer across the end of RAM")]
    [InlineData("no room to write")]
    public void A_broken_chain_needs_a_reset(string what)
    {
        _driver.Start();
        ulong buffer = TestDriver.Scratch, table = TestDriver.Scratch + 0x1000, ramEnd = TestDriver.RamStart + _driver.Memory.Size;
        const ushort W = TestQueue.WritableFlag, N = TestQueue.Next, I = TestQueue.Indirect;
        (ulong Address, uint Length, ushort Flags, ushort Next) first = what switch
        {
            "loop" => (buffer, 1, N | W, 0),
            "next beyond the table" => (buffer, 1, N | W, 16),
            "readable after writable" => (buffer, 1, N | W, 1),
            "indirect and next" => (table, 16, I | N, 1),
            "indirect of odd length" => (table, 17, I, 0),
            "indirect of no length" => (table, 0, I, 0),
            "indirect outside RAM" => (0x1000, 16, I, 0),
            "buffer outside RAM" => (0x1000, 1, W, 0),
            "buffer across the end of RAM" => (ramEnd - 4, 8, W, 0),
            "no room to write" => (buffer, 8, 0, 0),
            _ => (table, 32, I, 0),
        };
        (ulong Address, uint Length, ushort Flags, ushort Next) inTable = what switch
        {
            "indirect within indirect" => (table, 16, I, 0),
            "indirect next beyond its table" => (buffer, 1, N | W, 2),
            "indirect loop" => (buffer, 1, N | W, 0),
            _ => (buffer, 1, W, 0),
        };
        Queue.WriteDescriptor(Queue.Descriptors, 0, first.Address, first.Length, first.Flags, first.Next);
        Queue.WriteDescriptor(Queue.Descriptors, 1, buffer, 1, 0, 0);
        Queue.WriteDescriptor(table, 0, inTable.Address, inTable.Length, inTable.Flags, inTable.Next);
        Queue.Offer((ushort)(what == "head beyond the table" ? 16 : 0));
        Queue.Notify();
        Assert.True(_driver.NeedsReset);
        Assert.False(Queue.HasUsed);
        Assert.Equal(VirtioInterrupt.ConfigurationChange, _driver.TakeInterrupts());

        // Nothing more happens before the reset, and all is well after it.
        Fill();
        Assert.False(Queue.HasUsed);
        _driver.Start();
        Fill();
        Assert.Equal(1, _driver.Device.Metrics.NeedsReset);
    }

    [Fact]
    public void An_indirect_table_without_the_feature_needs_a_reset()
    {
        _driver.Start(~VirtioFeatures.IndirectDesc);
        Queue.AddIndirect(TestDriver.Scratch + 0x1000, new Piece(TestDriver.Scratch, 1, true));
        Queue.Notify();
        Assert.True(_driver.NeedsReset);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(0x8000)]
    [InlineData(0xffff)]
    public void An_available_index_that_jumps_needs_a_reset(int index)
    {
        _driver.Start();
        Queue.SetAvailableIndex((ushort)index);
        Queue.Notify();
        Assert.True(_driver.NeedsReset);
    }

    [Fact]
    public void What_a_device_writes_is_marked_dirty_and_drops_code()
    {
        _driver.Start();
        var observer = new Observer();
        _driver.Memory.AddObserver(observer);
        int page = (int)((TestDriver.Scratch - TestDriver.RamStart) / GuestMemory.PageSize);
        _driver.Memory.SetFlag(page, PageFlags.Code);
        Queue.Add(new Piece(TestDriver.Scratch + 100, 8, true));
        Queue.Notify();
        Assert.Equal([page], observer.Pages);
        int usedRing = (int)((Queue.Device - TestDriver.RamStart) / GuestMemory.PageSize);
        Assert.True((_driver.Memory.SetFlag(usedRing, PageFlags.Dirty) & PageFlags.Dirty) != 0);
    }

    private void Fill()
    {
        Queue.Add(new Piece(TestDriver.Scratch, 8, true));
        Queue.Notify();
    }

    private sealed class Observer : IMemoryObserver
    {
        public List<int> Pages { get; } = [];

        public void CodePageWritten(int page) => Pages.Add(page);

        public long WithdrawWrites() => 0;

        public bool HasWithdrawn(long request) => true;
    }
}
