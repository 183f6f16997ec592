namespace CloudLab.Storage.Volumes.Log;

/// <summary>Where a block is in the log.</summary>
/// <param name="Segment">The file.</param>
/// <param name="Offset">The offset in the file.</param>
/// <param name="Checksum">CRC-32C of the block.</param>
/// <param name="Position">The position of its record.</param>
internal readonly record struct LogLocation(LogSegment Segment, long Offset, uint Checksum, ulong Position);
