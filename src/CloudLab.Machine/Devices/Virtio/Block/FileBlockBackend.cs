using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>A disk that is a raw file, byte for byte. I/O runs on the thread pool; a flush is an fsync(2).</summary>
/// <remarks>The file's size when opened is the disk's size, less what exceeds whole sectors. Nobody else changes the file meanwhile.</remarks>
public sealed partial class FileBlockBackend : IBlockBackend
{
    private const int KeepSizePunchHole = 0x01 | 0x02; // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
    private const int ZeroChunk = 256 * 1024;

    private static readonly byte[] Zeroes = new byte[ZeroChunk];

    private readonly SafeFileHandle _file;

    private FileBlockBackend(SafeFileHandle file, ulong size, string id, bool isReadOnly)
    {
        _file = file;
        Size = size;
        Id = id;
        IsReadOnly = isReadOnly;
    }

    /// <summary>Never raised: the size is fixed.</summary>
    public event Action? SizeChanged
    {
        add { }
        remove { }
    }

    public ulong Size { get; }

    public int SectorSize => 512;

    public bool IsReadOnly { get; }

    public string Id { get; }

    /// <summary>Opens an existing file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="id">See <see cref="IBlockBackend.Id"/>.</param>
    /// <param name="isReadOnly">Whether the guest may not write.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static FileBlockBackend Open(string path, string id, bool isReadOnly = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id?.Length ?? 0, BlockRequest.IdLength, nameof(id));
        SafeFileHandle file = File.OpenHandle(
            path, FileMode.Open, isReadOnly ? FileAccess.Read : FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous);
        return new FileBlockBackend(file, (ulong)RandomAccess.GetLength(file) & ~511UL, id ?? "", isReadOnly);
    }

    public async ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers)
    {
        ulong length = BlockRange.Length(buffers);
        if (!BlockRange.Fits(this, offset, length)) return BlockResult.OutOfRange;
        if (length == 0) return BlockResult.Ok;
        try
        {
            ulong read = (ulong)await RandomAccess.ReadAsync(_file, buffers, (long)offset).ConfigureAwait(false);
            return read == length || await ReadRestAsync(offset, buffers, read).ConfigureAwait(false)
                ? BlockResult.Ok
                : BlockResult.IoError;
        }
        catch (IOException)
        {
            return BlockResult.IoError;
        }
    }

    public async ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers)
    {
        if (IsReadOnly) return BlockResult.ReadOnly;
        ulong length = BlockRange.Length(buffers);
        if (!BlockRange.Fits(this, offset, length)) return BlockResult.OutOfRange;
        if (length == 0) return BlockResult.Ok;
        var source = new ReadOnlyMemory<byte>[buffers.Count];
        for (int i = 0; i < source.Length; i++) source[i] = buffers[i];
        try
        {
            await RandomAccess.WriteAsync(_file, source, (long)offset).ConfigureAwait(false);
            return BlockResult.Ok;
        }
        catch (IOException)
        {
            return BlockResult.IoError;
        }
    }

    public ValueTask<BlockResult> FlushAsync() => new(Task.Run(() =>
    {
        try
        {
            RandomAccess.FlushToDisk(_file);
            return BlockResult.Ok;
        }
        catch (IOException)
        {
            return BlockResult.IoError;
        }
    }));

    /// <summary>Gives the space back where the file system can; where it cannot, a discard may do nothing.</summary>
    public async ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length)
    {
        if (IsReadOnly) return BlockResult.ReadOnly;
        if (!BlockRange.Fits(this, offset, length)) return BlockResult.OutOfRange;
        if (length > 0) await Task.Run(() => TryPunchHole(offset, length)).ConfigureAwait(false);
        return BlockResult.Ok;
    }

    /// <summary>A hole reads as zeroes; where the file system has none, zeroes are written.</summary>
    public async ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length)
    {
        if (IsReadOnly) return BlockResult.ReadOnly;
        if (!BlockRange.Fits(this, offset, length)) return BlockResult.OutOfRange;
        if (length == 0 || await Task.Run(() => TryPunchHole(offset, length)).ConfigureAwait(false)) return BlockResult.Ok;
        try
        {
            for (ulong done = 0; done < length; done += ZeroChunk)
            {
                int count = (int)Math.Min(length - done, ZeroChunk);
                await RandomAccess.WriteAsync(_file, Zeroes.AsMemory(0, count), (long)(offset + done)).ConfigureAwait(false);
            }

            return BlockResult.Ok;
        }
        catch (IOException)
        {
            return BlockResult.IoError;
        }
    }

    /// <summary>Closes the file. No call is under way.</summary>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool TryPunchHole(ulong offset, ulong length) => fallocate(_file, KeepSizePunchHole, (long)offset, (long)length) == 0;

    // preadv(2) may stop early at any byte.
    private async ValueTask<bool> ReadRestAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers, ulong read)
    {
        ulong skip = read;
        foreach (Memory<byte> buffer in buffers)
        {
            int start = (int)Math.Min(skip, (ulong)buffer.Length);
            skip -= (ulong)start;
            while (start < buffer.Length)
            {
                int count = await RandomAccess.ReadAsync(_file, buffer[start..], (long)(offset + read)).ConfigureAwait(false);
                if (count == 0) return false;
                start += count;
                read += (ulong)count;
            }
        }

        return true;
    }

    [LibraryImport("libc")]
    private static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);
}
