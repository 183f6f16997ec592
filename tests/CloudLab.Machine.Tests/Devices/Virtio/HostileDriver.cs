using CloudLab.Machine.Devices.Virtio;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

/// <summary>Offers requests that are wrong in every way a guest can think of, mixed with sound ones.</summary>
internal sealed class HostileDriver(TestDriver driver, Random random)
{
    private static readonly uint[] Lengths =
        [0, 1, 2, 7, 8, 9, 15, 16, 17, 20, 31, 32, 512, 513, 4096, 65536, 1 << 20, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, uint.MaxValue];

    /// <summary>How many chains were offered.</summary>
    public int Requests { get; private set; }

    /// <summary>How many chains the device gave back.</summary>
    public int Answered { get; private set; }

    /// <summary>
    /// One ring's worth of nonsense for a queue, then a notification; checks that the device has answered all it took
    /// or asks for a reset.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="fill">Writes what a request of the device's kind might hold at an address.</param>
    public void Round(int queue, Action<ulong> fill)
    {
        if (driver.NeedsReset || random.Next(16) == 0) driver.Start(RandomFeatures(), 1u << random.Next(5));
        TestQueue ring = driver[queue];
        ushort usedBefore = driver.Device.Queues[queue].State.NextUsed;
        int offered = random.Next(1, ring.Size + 1);
        for (int i = 0; i < offered; i++) Offer(ring, fill);
        if (random.Next(32) == 0) ring.SetAvailableIndex((ushort)random.Next(65536));
        ring.SetUsedEvent((ushort)random.Next(65536));
        ring.SetFlags((ushort)random.Next(2));
        ring.Notify();
        // A pool thread may still be busy with the end of a ring that was full.
        Assert.True(SpinWait.SpinUntil(() => IsSettled(queue), TimeSpan.FromSeconds(60)));
        Answered += (ushort)(driver.Device.Queues[queue].State.NextUsed - usedBefore);
    }

    private bool IsSettled(int queue)
    {
        lock (driver.Device.Lock)
        {
            VirtQueueState state = driver.Device.Queues[queue].State;
            return driver.NeedsReset || state.NextAvailable == state.NextUsed;
        }
    }

    private ulong RandomFeatures() =>
        VirtioFeatures.Version1 | (ulong)random.NextInt64() | (random.Next(2) == 0 ? VirtioFeatures.IndirectDesc : 0);

    private void Offer(TestQueue ring, Action<ulong> fill)
    {
        Requests++;
        ulong table = ring.Descriptors;
        int entries = ring.Size;
        ushort head = (ushort)random.Next(entries);
        if (random.Next(4) == 0)
        {
            table = TestDriver.Scratch + (ulong)random.Next(64) * 16;
            entries = random.Next(1, 6);
            ring.WriteDescriptor(ring.Descriptors, head, table, (uint)(entries * 16), TestQueue.Indirect, 0);
        }

        int length = random.Next(1, 5);
        int readable = random.Next(length + 1);
        ushort at = (ushort)(table == ring.Descriptors ? head : 0);
        for (int i = 0; i < length; i++)
        {
            bool last = i == length - 1;
            ushort flags = (ushort)((last ? 0 : TestQueue.Next) | (i < readable ? 0 : TestQueue.WritableFlag));
            ushort next = (ushort)((at + 1) % entries);
            // One in eight descriptors is garbage.
            if (random.Next(8) == 0) flags = (ushort)random.Next(8);
            if (random.Next(16) == 0) next = (ushort)random.Next(random.Next(2) == 0 ? entries : 65536);
            ulong address = Address();
            if (i == 0 && driver.Memory.Contains(new(address), 64)) fill(address);
            ring.WriteDescriptor(table, at, address, Length(), flags, next);
            at = (ushort)((at + 1) % entries);
        }

        ring.Offer(random.Next(64) == 0 ? (ushort)random.Next(65536) : head);
    }

    private uint Length() => random.Next(3) == 0 ? Lengths[random.Next(Lengths.Length)] : Lengths[random.Next(15)];

    private ulong Address() => random.Next(12) switch
    {
        0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        1 => TestDriver.RamStart - (ulong)random.Next(64),
        2 => TestDriver.RamStart + driver.Memory.Size - (ulong)random.Next(64),
        // The rings themselves.
        3 => TestDriver.RamStart + (ulong)random.Next(0x9000),
        _ => TestDriver.Scratch + 0x1000 + (ulong)random.Next(1 << 16),
    };
}
