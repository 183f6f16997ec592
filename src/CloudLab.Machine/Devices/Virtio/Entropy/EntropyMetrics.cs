namespace CloudLab.Machine.Devices.Virtio.Entropy;

/// <summary>What an entropy device did since power-on.</summary>
internal sealed class EntropyMetrics : VirtioMetrics
{
    private long _bytes;

    /// <summary>Random bytes given to the guest.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public void Count(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
