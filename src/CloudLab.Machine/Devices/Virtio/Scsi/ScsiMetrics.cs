using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>What an adapter did since power-on, all its units together.</summary>
internal sealed class ScsiMetrics : BlockMetrics
{
    private long _events;
    private long _eventsMissed;
    private long _checks;
    private long _tasks;

    /// <summary>Events given to the driver.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <summary>Events for which there was no room.</summary>
    public long EventsMissed => Volatile.Read(ref _eventsMissed);

    /// <summary>Commands that ended with sense data.</summary>
    public long Checks => Volatile.Read(ref _checks);

    /// <summary>Requests on the control queue.</summary>
    public long Tasks => Volatile.Read(ref _tasks);

    public void CountEvent() => Interlocked.Increment(ref _events);

    public void CountEventMissed() => Interlocked.Increment(ref _eventsMissed);

    public void CountCheck() => Interlocked.Increment(ref _checks);

    public void CountTask() => Interlocked.Increment(ref _tasks);
}
