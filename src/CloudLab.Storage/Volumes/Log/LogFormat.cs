using System.Buffers.Binary;
using System.Text;
using CloudLab.Storage.Files;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>The bytes of a segment of the local log, version 1. Integers are little-endian.</summary>
/// <remarks>
/// <code>
/// segment  0  8   magic: 89 'C' 'L' 'W' 0D 0A 1A 0A
///          8  2   version: 1
///         16 16   the log's id
///         32  8   position of the first record
///         40  4   CRC-32C of the 40 bytes before
///         64      records
/// record   0  4   magic: 'C' 'L' 'R' 01
///          4  4   CRC-32C of everything from 8 up to the blocks
///          8  8   position: bytes of records before this one, since the log began
///         16  8   what was durable when this was written: everything before that position
///         24  8   first block, or the size of a resize
///         32  8   how many blocks
///         40  4   N: bytes that follow the record's 64
///         44  1   kind
///         48 16   the log's id
///         64  N   write: CRC-32C of each block; snapshot and forget: the id, UTF-8
///                 zeroes up to a multiple of 64
///                 write: the blocks, 4096 bytes each
/// </code>
/// A record is the first invalid one where the log was not durable when the power went: what follows is dropped. Unless a record
/// further on says that it had been durable: then the disk has lost what it promised, and that is not passed over in silence.
/// </remarks>
internal static class LogFormat
{
    public const int SegmentHeaderBytes = 64;
    public const int RecordHeaderBytes = 64;
    public const int Alignment = 64;

    /// <summary>Blocks of one record.</summary>
    public const int MaxBlocks = 256;

    private const ushort Version = 1;
    private const int SegmentChecksumAt = 40;
    private const int MaxExtra = MaxBlocks * sizeof(uint);

    private static ReadOnlySpan<byte> SegmentMagic => [0x89, (byte)'C', (byte)'L', (byte)'W', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> RecordMagic => [(byte)'C', (byte)'L', (byte)'R', 1];

    /// <summary>The offset in the record of its blocks.</summary>
    public static int DataAt(LogRecord record) => DataAt(ExtraBytes(record));

    /// <summary>The length of the record with its blocks.</summary>
    public static int Length(LogRecord record) =>
        DataAt(record) + (record.Kind == LogRecordKind.Write ? (int)record.Count * VolumeGeometry.BlockBytes : 0);

    public static void WriteSegmentHeader(Span<byte> target, Guid log, ulong position)
    {
        target[..SegmentHeaderBytes].Clear();
        SegmentMagic.CopyTo(target);
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Version);
        log.TryWriteBytes(target[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], position);
        BinaryPrimitives.WriteUInt32LittleEndian(target[SegmentChecksumAt..], Crc32C.Compute(target[..SegmentChecksumAt]));
    }

    /// <summary>The position of the segment's first record; null where this is no segment of the log.</summary>
    public static ulong? TryReadSegmentHeader(ReadOnlySpan<byte> header, Guid log) =>
        header.Length >= SegmentHeaderBytes && header.StartsWith(SegmentMagic)
        && BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) == Version
        && BinaryPrimitives.ReadUInt32LittleEndian(header[SegmentChecksumAt..]) == Crc32C.Compute(header[..SegmentChecksumAt])
        && new Guid(header.Slice(16, 16)) == log
            ? BinaryPrimitives.ReadUInt64LittleEndian(header[32..]) : null;

    /// <summary>Writes everything but the blocks, which stand at <see cref="DataAt(LogRecord)"/> already.</summary>
    public static void WriteRecord(Span<byte> target, LogRecord record, Guid log, ulong position, ulong synced)
    {
        var end = DataAt(record);
        target[..end].Clear();
        RecordMagic.CopyTo(target);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], position);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], synced);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], record.First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], record.Count);
        BinaryPrimitives.WriteInt32LittleEndian(target[40..], ExtraBytes(record));
        target[44] = (byte)record.Kind;
        log.TryWriteBytes(target[48..]);
        var extra = target[RecordHeaderBytes..];
        foreach (var checksum in record.Checksums)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(extra, checksum);
            extra = extra[sizeof(uint)..];
        }

        Encoding.UTF8.GetBytes(record.Id, extra);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], Crc32C.Compute(target[8..end]));
    }

    /// <summary>Reads a record but not its blocks, which may be cut off; null where none of that log and position begins.</summary>
    /// <param name="bytes">From the record's first byte on.</param>
    /// <param name="log">The log's id.</param>
    /// <param name="position">Where the record must say it is.</param>
    /// <param name="synced">What was durable when it was written.</param>
    public static LogRecord? TryReadRecord(ReadOnlySpan<byte> bytes, Guid log, ulong position, out ulong synced)
    {
        synced = 0;
        if (bytes.Length < RecordHeaderBytes || !bytes.StartsWith(RecordMagic)
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) != position || new Guid(bytes.Slice(48, 16)) != log)
            return null;
        var extraBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]);
        if (extraBytes > MaxExtra || bytes.Length < DataAt((int)extraBytes)
            || Crc32C.Compute(bytes[8..DataAt((int)extraBytes)]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]))
            return null;

        synced = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        var first = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        var count = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]);
        var extra = bytes.Slice(RecordHeaderBytes, (int)extraBytes);
        var record = (LogRecordKind)bytes[44] switch
        {
            LogRecordKind.Write => LogRecord.Write(first, ReadChecksums(extra)),
            LogRecordKind.Trim => LogRecord.Trim(first, count),
            LogRecordKind.Resize => LogRecord.Resize(first),
            LogRecordKind.Snapshot => LogRecord.Snapshot(Encoding.UTF8.GetString(extra)),
            LogRecordKind.Forget => LogRecord.Forget(Encoding.UTF8.GetString(extra)),
            _ => null,
        };
        return record is not null && record.Count == count && ExtraBytes(record) == (int)extraBytes ? record : null;
    }

    private static uint[] ReadChecksums(ReadOnlySpan<byte> extra)
    {
        var checksums = new uint[extra.Length / sizeof(uint)];
        for (var i = 0; i < checksums.Length; i++)
            checksums[i] = BinaryPrimitives.ReadUInt32LittleEndian(extra[(i * sizeof(uint))..]);
        return checksums;
    }

    private static int ExtraBytes(LogRecord record) =>
        (record.Checksums.Length * sizeof(uint)) + Encoding.UTF8.GetByteCount(record.Id);

    private static int DataAt(int extraBytes) => (RecordHeaderBytes + extraBytes + Alignment - 1) / Alignment * Alignment;
}
