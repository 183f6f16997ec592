namespace CloudLab.Machine.Devices.Virtio.Input;

/// <summary>What a keyboard did since power-on.</summary>
internal sealed class InputMetrics : VirtioMetrics
{
    private long _events;

    /// <summary>Events given to the guest.</summary>
    public long Events => Volatile.Read(ref _events);

    public void CountEvent() => Interlocked.Increment(ref _events);
}
