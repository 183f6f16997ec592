using CloudLab.Storage.Files;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>A file of the log. Readers hold it, so that it can be dropped while they read.</summary>
/// <param name="path">The file's path.</param>
/// <param name="start">The position of its first record.</param>
/// <param name="writer">The file to write to; null for one of an earlier process.</param>
/// <param name="reader">The same file, to read.</param>
internal sealed class LogSegment(string path, ulong start, IFile? writer, IFile reader)
{
    /// <summary>The log itself is the first holder.</summary>
    private int _holders = 1;

    public string Path => path;

    public ulong Start { get; } = start;

    /// <summary>Where the next record goes.</summary>
    public ulong End { get; private set; } = start;

    public long Bytes => (long)(End - Start);

    public bool IsWritable => writer is not null;

    /// <summary>Whether everything in it, and its name, is durable.</summary>
    public bool IsSynced { get; set; }

    public static long OffsetOf(ulong start, ulong position) => LogFormat.SegmentHeaderBytes + (long)(position - start);

    /// <summary>Goes past a record that is there.</summary>
    public void Advance(int length) => End += (ulong)length;

    public void Append(ReadOnlySpan<byte> record)
    {
        writer!.Write(OffsetOf(Start, End), record);
        IsSynced = false;
        End += (ulong)record.Length;
    }

    public int Read(long offset, Span<byte> buffer) => reader.Read(offset, buffer);

    public void Sync() => (writer ?? reader).Sync();

    /// <summary>Keeps the file open until <see cref="Release"/>. Not after the log has released it.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) != 0)
            return;
        writer?.Dispose();
        reader.Dispose();
    }
}
