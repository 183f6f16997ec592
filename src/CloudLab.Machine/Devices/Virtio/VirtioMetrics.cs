namespace CloudLab.Machine.Devices.Virtio;

/// <summary>What a virtio device counted since power-on. Written under the device's lock or atomically; read at any time.</summary>
internal class VirtioMetrics
{
    private long _badAccesses;
    private long _notifications;
    private long _interrupts;
    private long _needsReset;

    /// <summary>Register accesses that mean nothing: unknown offsets, wrong sizes, queues that do not exist, bad order.</summary>
    public long BadAccesses => Volatile.Read(ref _badAccesses);

    /// <summary>Times the driver notified the device.</summary>
    public long Notifications => Volatile.Read(ref _notifications);

    /// <summary>Times the device interrupted the driver.</summary>
    public long Interrupts => Volatile.Read(ref _interrupts);

    /// <summary>Times the driver broke a ring or a request so that the device had to ask for a reset.</summary>
    public long NeedsReset => Volatile.Read(ref _needsReset);

    public void CountBadAccess() => Interlocked.Increment(ref _badAccesses);

    public void CountNotification() => Interlocked.Increment(ref _notifications);

    public void CountInterrupt() => Interlocked.Increment(ref _interrupts);

    public void CountNeedsReset() => Interlocked.Increment(ref _needsReset);
}
