namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>What a disk, or a set of disks behind one adapter, did since power-on. Changed under the device's lock; read at any time.</summary>
internal class BlockMetrics : VirtioMetrics
{
    private long _reads;
    private long _writes;
    private long _flushes;
    private long _discards;
    private long _bytesRead;
    private long _bytesWritten;
    private long _errors;
    private long _malformed;

    /// <summary>Reads that succeeded.</summary>
    public long Reads => Volatile.Read(ref _reads);

    /// <summary>Writes that succeeded.</summary>
    public long Writes => Volatile.Read(ref _writes);

    /// <summary>Flushes that succeeded.</summary>
    public long Flushes => Volatile.Read(ref _flushes);

    /// <summary>Discards and write-zeroes that succeeded.</summary>
    public long Discards => Volatile.Read(ref _discards);

    public long BytesRead => Volatile.Read(ref _bytesRead);

    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    /// <summary>Requests that the backend failed.</summary>
    public long Errors => Volatile.Read(ref _errors);

    /// <summary>Requests that made no sense and were refused with an error status.</summary>
    public long Malformed => Volatile.Read(ref _malformed);

    public void CountMalformed() => Interlocked.Increment(ref _malformed);

    public void Count(BlockRequestType type, BlockResult result, ulong bytes)
    {
        if (result != BlockResult.Ok)
        {
            Interlocked.Increment(ref _errors);
            return;
        }

        switch (type)
        {
            case BlockRequestType.In:
                Interlocked.Increment(ref _reads);
                Interlocked.Add(ref _bytesRead, (long)bytes);
                break;
            case BlockRequestType.Out:
                Interlocked.Increment(ref _writes);
                Interlocked.Add(ref _bytesWritten, (long)bytes);
                break;
            case BlockRequestType.Flush:
                Interlocked.Increment(ref _flushes);
                break;
            case BlockRequestType.Discard:
            case BlockRequestType.WriteZeroes:
                Interlocked.Increment(ref _discards);
                break;
            case BlockRequestType.GetId:
                break;
        }
    }
}
