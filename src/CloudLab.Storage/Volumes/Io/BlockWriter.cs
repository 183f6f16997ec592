using System.Buffers;
using CloudLab.Storage.Files;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Log;

namespace CloudLab.Storage.Volumes.Io;

/// <summary>Appends what is written to the log, in records of whole blocks.</summary>
/// <remarks>May be called from any thread. A block that is written in part is read, changed and logged, again if it changed meanwhile.</remarks>
internal sealed class BlockWriter(LocalLog log, BlockReader reader)
{
    /// <summary>Writes the bytes of the buffers from <paramref name="offset"/> on.</summary>
    public async ValueTask WriteAsync(ulong offset, long length, IReadOnlyList<Memory<byte>> buffers, CancellationToken cancellationToken)
    {
        var source = new GuestBuffers(buffers);
        var end = offset + (ulong)length;
        while (offset < end)
        {
            var within = (int)(offset % VolumeGeometry.BlockBytes);
            if (within != 0 || end - offset < VolumeGeometry.BlockBytes)
            {
                var part = new byte[(int)Math.Min((ulong)(VolumeGeometry.BlockBytes - within), end - offset)];
                source.Gather(part);
                await WritePartAsync(offset / VolumeGeometry.BlockBytes, within, part, cancellationToken);
                offset += (ulong)part.Length;
            }
            else
            {
                var blocks = (int)Math.Min((end - offset) / VolumeGeometry.BlockBytes, LogFormat.MaxBlocks);
                WriteBlocks(offset / VolumeGeometry.BlockBytes, blocks, ref source);
                offset += (ulong)blocks * VolumeGeometry.BlockBytes;
            }
        }
    }

    /// <summary>Appends a record without blocks.</summary>
    /// <returns>Where it ends.</returns>
    public ulong Append(LogRecord record)
    {
        Span<byte> buffer = stackalloc byte[LogFormat.Length(record)];
        return log.TryAppend(record, buffer) ?? throw new InvalidOperationException("A record that asks for nothing was refused.");
    }

    private void WriteBlocks(ulong first, int count, ref GuestBuffers source)
    {
        var record = LogRecord.Write(first, new uint[count]);
        var length = LogFormat.Length(record);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            // The guest may change its memory at any time: what is logged is what the checksum is of.
            var data = buffer.AsSpan(LogFormat.DataAt(record), count * VolumeGeometry.BlockBytes);
            source.Gather(data);
            for (var i = 0; i < count; i++)
                record.Checksums[i] = Crc32C.Compute(data.Slice(i * VolumeGeometry.BlockBytes, VolumeGeometry.BlockBytes));
            log.TryAppend(record, buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask WritePartAsync(ulong block, int within, byte[] part, CancellationToken cancellationToken)
    {
        var record = LogRecord.Write(block, new uint[1]);
        var length = LogFormat.Length(record);
        var at = LogFormat.DataAt(record);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            LogVersion version;
            do
            {
                version = log.Version(block);
                var content = buffer.AsMemory(at, VolumeGeometry.BlockBytes);
                await reader.ReadAsync(block, 1, content, cancellationToken);
                part.CopyTo(content.Span[within..]);
                record.Checksums[0] = Crc32C.Compute(content.Span);
            }
            while (log.TryAppend(record, buffer.AsSpan(0, length), version) is null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
