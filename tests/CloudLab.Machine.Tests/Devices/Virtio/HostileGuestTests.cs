using System.Buffers.Binary;
using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Devices.Virtio.Console;
using CloudLab.Machine.Devices.Virtio.Entropy;
using CloudLab.Machine.Devices.Virtio.Input;
using CloudLab.Machine.Devices.Virtio.Scsi;
using CloudLab.Machine.Memory;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Devices.Virtio;

/// <summary>Whatever a guest does, a device neither throws nor hangs: it answers or asks for a reset.</summary>
public sealed class HostileGuestTests
{
    // A soak sets the variable; the suite's own number takes about a second for each device.
    private static readonly int RequestsPerDevice =
        int.TryParse(Environment.GetEnvironmentVariable("CLOUDLAB_SOAK_REQUESTS"), out int requests) ? requests : 100_000;

    [Fact]
    public void Block_answers_or_asks_for_a_reset()
    {
        byte[] header = new byte[64];
        Attack((memory, line) => new BlockDevice(memory, line, new MemoryBlockBackend(256 * 512)), [0], (driver, random, address) =>
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)random.Next(15));
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), random.Next(8) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(260));
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), (ulong)random.Next(260));
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(24), (uint)random.Next(10));
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(28), (uint)random.Next(3));
            driver.WriteMemory(address, header);
        });
    }

    [Fact]
    public void Console_answers_or_asks_for_a_reset()
    {
        int[] queues = [0, 1, 2, 3, 4, 5];
        Attack((memory, line) => new ConsoleDevice(memory, line), queues, (driver, random, address) =>
        {
            driver.WriteMemory(address, new ConsoleRequest((uint)random.Next(3), (ConsoleEvent)random.Next(9), (ushort)random.Next(2)).ToArray());
            ((ConsoleDevice)driver.Device).TrySend([1, 2, 3, 4, 5]);
        });
    }

    [Fact]
    public void Entropy_answers_or_asks_for_a_reset() =>
        Attack((memory, line) => new EntropyDevice(memory, line), [0], (_, _, _) => { });

    [Fact]
    public void Input_answers_or_asks_for_a_reset() =>
        Attack((memory, line) => new InputDevice(memory, line), [0, 1], (driver, _, _) => ((InputDevice)driver.Device).PressPowerKey());

    [Fact]
    public void Scsi_answers_or_asks_for_a_reset()
    {
        byte[] operations = [.. Enum.GetValues<ScsiOperation>().Select(operation => (byte)operation), 0x55];
        ulong[] sizes = [0, 6, 6, 10, 16, 40];
        byte[] header = new byte[64];
        ScsiDevice Create(GuestMemory memory, FakeLine line)
        {
            var device = new ScsiDevice(memory, line);
            device.TryAttach(0, new MemoryBlockBackend(256 * 512));
            return device;
        }

        int[] queues = [ScsiQueue.Control, ScsiQueue.Event, .. Enumerable.Repeat(ScsiQueue.Request, 10)];
        ScsiMetrics metrics = (ScsiMetrics)Attack(Create, queues, (driver, random, address) =>
        {
            // Small sizes leave room for a response and data in more of the chains.
            driver.Write(VirtioMmioRegister.Config + ScsiConfig.SenseSizeOffset, 4, (ulong)random.Next(random.Next(4) == 0 ? 32 : 2));
            driver.Write(VirtioMmioRegister.Config + ScsiConfig.CdbSizeOffset, 4, sizes[random.Next(sizes.Length)]);
            random.NextBytes(header);
            header.AsSpan(20, 12).Clear();
            (header[0], header[1]) = (1, (byte)(random.Next(8) / 7));
            (header[2], header[3]) = (0, (byte)(random.Next(3) / 2));
            header[19] = operations[random.Next(operations.Length)];
            header[20] = (byte)random.Next(16);
            // The low byte of the length, by the command's group.
            header[32] = 0;
            header[(header[19] >> 5) switch { 0 => 23, 4 => 32, _ => 27 }] = (byte)random.Next(3);
            // A task instead of a command.
            if (random.Next(4) == 0)
                (header[0], header[1], header[4], header[8], header[11]) = ((byte)random.Next(4), 0, (byte)random.Next(9), 1, 0);
            driver.WriteMemory(address, header);
            var device = (ScsiDevice)driver.Device;
            if (!device.TryAttach(1, new MemoryBlockBackend(4096))) _ = device.DetachAsync(1);
        }, answeredOneIn: 20);
        // It got past the rings and the parser to the disk and back.
        long[] counts = [metrics.Reads + metrics.Writes + metrics.Flushes + metrics.Discards, metrics.Checks, metrics.Tasks, metrics.Events];
        Assert.DoesNotContain(0, counts);
    }

    [Fact]
    public void No_sequence_of_register_accesses_throws()
    {
        Func<GuestMemory, FakeLine, VirtioDevice>[] devices =
        [
            (memory, line) => new BlockDevice(memory, line, new MemoryBlockBackend(4096)),
            (memory, line) => new ConsoleDevice(memory, line),
            (memory, line) => new EntropyDevice(memory, line),
            (memory, line) => new InputDevice(memory, line),
            (memory, line) => new ScsiDevice(memory, line),
        ];
        foreach (Func<GuestMemory, FakeLine, VirtioDevice> create in devices)
        {
            using var driver = new TestDriver(create);
            Gen.Int.Sample(seed =>
            {
                var random = new Random(seed);
                if (random.Next(2) == 0) driver.Start();
                for (int i = 0; i < 500; i++)
                {
                    ulong offset = (ulong)random.Next(0x1a0) & (random.Next(4) == 0 ? ulong.MaxValue : ~3UL);
                    int size = random.Next(4) == 0 ? 1 << random.Next(4) : 4;
                    if (random.Next(2) == 0) driver.Read(offset, size);
                    else driver.Write(offset, size, random.Next(3) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(128));
                }
            }, iter: 200, threads: 1);
            driver.Start();
        }
    }

    [Fact]
    public async Task Vcpus_completions_and_resets_race_without_harm()
    {
        await using var backend = new YieldingBackend();
        using var block = new BlockDriver(backend);
        TestDriver driver = block.Driver;
        Parallel.For(0, 4, vcpu =>
        {
            var random = new Random(vcpu);
            for (int i = 0; i < 5000; i++)
                switch (random.Next(vcpu == 0 ? 40 : 20))
                {
                    case >= 38:
                        driver.Negotiate();
                        driver.SetUpQueue(0);
                        driver.Write(VirtioMmioRegister.Status, 15);
                        break;
                    case 0:
                        driver.Write16(TestDriver.RamStart + (ulong)random.Next(0x5000), (ushort)random.Next(65536));
                        break;
                    case < 6:
                        driver.TakeInterrupts();
                        break;
                    case < 10:
                        driver.Write16(block.Queue.Driver + 2, (ushort)i);
                        break;
                    default:
                        ulong table = TestDriver.RamStart + (ulong)random.Next(128) * 16;
                        block.Queue.WriteDescriptor(table, 0, TestDriver.Scratch, (uint)random.Next(600), (ushort)random.Next(4), (ushort)random.Next(128));
                        block.Queue.Notify();
                        break;
                }
        });
        await block.Device.DrainAsync().WaitAsync(TestContext.Current.CancellationToken);
        driver.ResetMachine();
        driver.Start();
        block.Offer(0, BlockRequestType.Flush, 0);
        block.Queue.Notify();
        await block.Device.DrainAsync().WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, block.Status(0));
    }

    // A chain that has no room for an answer stops the device, which for some kinds of request is most of them.
    private static VirtioMetrics Attack(
        Func<GuestMemory, FakeLine, VirtioDevice> create, int[] queues, Action<TestDriver, Random, ulong> fill, int answeredOneIn = 10)
    {
        using var driver = new TestDriver(create);
        driver.Start();
        int requests = 0, answered = 0;
        while (requests < RequestsPerDevice)
            Gen.Int.Sample(seed =>
            {
                var random = new Random(seed);
                var hostile = new HostileDriver(driver, random);
                while (hostile.Requests < 500)
                    foreach (int queue in queues)
                        hostile.Round(queue, address => fill(driver, random, address));
                requests += hostile.Requests;
                answered += hostile.Answered;
            }, iter: 50, threads: 1);

        // The attack is no good if it is only ever stopped at the first request or never.
        Assert.InRange(driver.Device.Metrics.NeedsReset, requests / 100, requests);
        Assert.InRange(answered, requests / answeredOneIn, requests);

        // And it still works.
        driver.Start();
        return driver.Device.Metrics;
    }

    private sealed class YieldingBackend : IBlockBackend
    {
        public event Action? SizeChanged
        {
            add { }
            remove { }
        }

        public ulong Size => 1 << 20;

        public int SectorSize => 512;

        public bool IsReadOnly => false;

        public string Id => "yielding";

        public async ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers)
        {
            await Task.Yield();
            foreach (Memory<byte> buffer in buffers) buffer.Span.Clear();
            return BlockResult.Ok;
        }

        public async ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers)
        {
            await Task.Yield();
            return BlockResult.Ok;
        }

        public async ValueTask<BlockResult> FlushAsync()
        {
            await Task.Yield();
            return BlockResult.Ok;
        }

        public ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length) => FlushAsync();

        public ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length) => FlushAsync();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
