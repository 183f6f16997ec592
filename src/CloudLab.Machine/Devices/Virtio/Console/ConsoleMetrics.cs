namespace CloudLab.Machine.Devices.Virtio.Console;

/// <summary>What an agent port did since power-on.</summary>
internal sealed class ConsoleMetrics : VirtioMetrics
{
    private long _bytesReceived;
    private long _bytesSent;
    private long _bytesDropped;
    private long _controlDropped;

    /// <summary>Bytes from the guest's agent.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Bytes to the guest's agent.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Bytes of messages longer than <see cref="ConsoleDevice.MaxMessage"/>, and bytes to ports that are not there.</summary>
    public long BytesDropped => Volatile.Read(ref _bytesDropped);

    /// <summary>Control messages that made no sense, or that the guest left no room for.</summary>
    public long ControlDropped => Volatile.Read(ref _controlDropped);

    public void CountReceived(long bytes) => Interlocked.Add(ref _bytesReceived, bytes);

    public void CountSent(long bytes) => Interlocked.Add(ref _bytesSent, bytes);

    public void CountDropped(long bytes) => Interlocked.Add(ref _bytesDropped, bytes);

    public void CountControlDropped() => Interlocked.Increment(ref _controlDropped);
}
