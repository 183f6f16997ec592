namespace CloudLab.Storage.Volumes.Log;

/// <summary>A record of the log, without its blocks.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="First">The first block of a write or a trim; the size in bytes of a resize.</param>
/// <param name="Count">How many blocks.</param>
/// <param name="Checksums">CRC-32C of each block of a write.</param>
/// <param name="Id">The snapshot of a marker.</param>
internal sealed record LogRecord(LogRecordKind Kind, ulong First, ulong Count, uint[] Checksums, string Id)
{
    public static LogRecord Write(ulong first, uint[] checksums) => new(LogRecordKind.Write, first, (ulong)checksums.Length, checksums, "");

    public static LogRecord Trim(ulong first, ulong count) => new(LogRecordKind.Trim, first, count, [], "");

    public static LogRecord Resize(ulong size) => new(LogRecordKind.Resize, size, 0, [], "");

    public static LogRecord Snapshot(string id) => new(LogRecordKind.Snapshot, 0, 0, [], id);

    public static LogRecord Forget(string id) => new(LogRecordKind.Forget, 0, 0, [], id);
}
