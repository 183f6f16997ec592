using System.Security.Cryptography;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio.Entropy;

/// <summary>A source of random bytes (virtio 1.3, section 5.4): the host's own. Remembers nothing beside its queue.</summary>
internal sealed class EntropyDevice : VirtioDevice
{
    /// <summary>The most bytes for one request, however large its buffer: the driver asks again if it needs more.</summary>
    public const int MaxBytes = 4096;

    private const int QueueSize = 16;

    private readonly DescriptorChain _chain;
    private readonly byte[] _bytes = new byte[MaxBytes];

    public EntropyDevice(GuestMemory memory, IInterruptLine line)
        : base(memory, line, new EntropyMetrics(), VirtioDeviceType.Entropy, features: 0, QueueSize)
    {
        _chain = new DescriptorChain(memory);
    }

    public new EntropyMetrics Metrics => (EntropyMetrics)base.Metrics;

    public override ReadOnlySpan<byte> Config => [];

    protected override bool HandleNext(int queue)
    {
        lock (Lock)
        {
            if (!TryTake(Queues[0], _chain)) return false;
            Span<byte> bytes = _bytes.AsSpan(0, (int)Math.Min(_chain.WritableLength, MaxBytes));
            RandomNumberGenerator.Fill(bytes);
            // An empty buffer cannot be answered: at least one byte must be written (section 5.4.6).
            if (bytes.IsEmpty || !_chain.TryWrite(0, bytes))
            {
                NeedReset();
                return false;
            }

            Metrics.Count(bytes.Length);
            Return(Queues[0], _chain.Head, (uint)bytes.Length);
            return true;
        }
    }
}
