using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CloudLab.Machine.Memory;
using Microsoft.Win32.SafeHandles;

namespace CloudLab.Machine.State;

/// <summary>The file with the RAM of a saved machine: restored machines map it copy-on-write.</summary>
/// <remarks>
/// <code>
/// 0     S   RAM, byte for byte; pages of zeroes are holes
/// S     4n  CRC-32C of each chunk of 1 MiB of RAM, in order; n chunks, of which the last may be shorter
/// T=S+4n
/// T+0   8   magic: 89 'C' 'L' 'R' 0D 0A 1A 0A
/// T+8   2   version: 2
/// T+10  6   zero
/// T+16  8   S, the size of RAM in bytes, a multiple of 4096
/// T+24  16  id: random, also in the state's Memory section
/// T+40  4   CRC-32C of the 4n bytes of checksums
/// T+44  4   CRC-32C of the 44 bytes before
/// </code>
/// RAM comes first because mapped pages must lie on page boundaries; what describes it stands at the end, where a
/// truncated file lacks it, and where it can be written after RAM went by. The id ties the file to its state. Each chunk
/// has its own checksum so that a copy of the file can be checked as it arrives, piece by piece.
/// <para>
/// All of it is verified before it is mapped: a page that the guest's load brings in has no way to report that it is
/// damaged. That reads the file once (holes are known to be zero without reading), which the page cache then has for the
/// guest; the private memory of the restored machine still holds only the pages that it wrote to.
/// </para>
/// <para>
/// The file must not be written to or truncated while a machine maps it. Removing it, or saving to the same path, is
/// harmless: the mapping keeps the old file, and a save replaces it as a whole.
/// </para>
/// </remarks>
internal sealed partial class RamFile : IDisposable
{
    public const int IdLength = 16;

    /// <summary>How many bytes of RAM have a checksum together, and are read or written at once; a multiple of the page size.</summary>
    public const int ChunkLength = 1 << 20;

    private const int TrailerLength = 48;
    private const int ChecksumAt = 44;
    private const ushort Version = 2;
    private const int SeekData = 3; // SEEK_DATA, lseek(2)
    private const int NoData = 6; // ENXIO

    private RamFile(SafeFileHandle handle) => Handle = handle;

    public SafeFileHandle Handle { get; }

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'C', (byte)'L', (byte)'R', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>Writes RAM, which nobody changes meanwhile, durably to <paramref name="path"/>, as a whole or not at all.</summary>
    /// <returns>The file's id.</returns>
    /// <exception cref="IOException">The file could not be written; an older one of that name is untouched.</exception>
    public static async Task<byte[]> WriteAsync(GuestMemory memory, string path, CancellationToken cancellationToken)
    {
        byte[] id = RandomNumberGenerator.GetBytes(IdLength);
        string unfinished = path + ".unfinished";
        try
        {
            using (SafeFileHandle file = File.OpenHandle(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
            {
                byte[] checksums = new byte[ChecksumsLength(memory.Size)];
                for (ulong offset = 0; offset < memory.Size; offset += ChunkLength)
                {
                    uint checksum = await WriteChunkAsync(memory, file, offset, cancellationToken).ConfigureAwait(false);
                    BinaryPrimitives.WriteUInt32LittleEndian(checksums.AsSpan(ChecksumOf(offset)), checksum);
                }

                await RandomAccess.WriteAsync(file, (byte[])[.. checksums, .. Trailer(memory.Size, id, checksums)], (long)memory.Size, cancellationToken).ConfigureAwait(false);
                RandomAccess.FlushToDisk(file);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        return id;
    }

    /// <summary>Opens a file and checks that it is, undamaged, the RAM of the given size with the given id.</summary>
    /// <exception cref="MachineException">It is not, or cannot be opened.</exception>
    /// <exception cref="IOException">It could not be read.</exception>
    public static async Task<RamFile> OpenAsync(string path, ulong size, byte[] id, CancellationToken cancellationToken)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, options: FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MachineException("the RAM file cannot be opened", e);
        }

        try
        {
            await VerifyAsync(handle, size, id, cancellationToken).ConfigureAwait(false);
            return new RamFile(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public void Dispose() => Handle.Dispose();

    private static async Task VerifyAsync(SafeFileHandle file, ulong size, byte[] id, CancellationToken cancellationToken)
    {
        byte[] end = new byte[ChecksumsLength(size) + TrailerLength];
        bool isWhole = RandomAccess.GetLength(file) == (long)size + end.Length
            && await TryReadAsync(file, end, (long)size, cancellationToken).ConfigureAwait(false)
            && end.AsSpan(^TrailerLength..).SequenceEqual(Trailer(size, id, end.AsSpan(..^TrailerLength)));
        if (!isWhole) throw new MachineException("the RAM file is damaged, or belongs to another saved state");
        byte[] chunk = new byte[ChunkLength];
        uint zeroes = Crc32C.Compute(chunk);
        for (ulong offset = 0; offset < size; offset += ChunkLength)
        {
            Memory<byte> content = chunk.AsMemory(0, (int)Math.Min(size - offset, ChunkLength));
            uint checksum = zeroes;
            // A hole of a whole chunk is all that is worth knowing: it is most of a guest that uses little of its RAM.
            if (content.Length < ChunkLength || HasData(file, (long)offset, ChunkLength))
            {
                if (!await TryReadAsync(file, content, (long)offset, cancellationToken).ConfigureAwait(false)) throw Damaged(offset);
                checksum = Crc32C.Compute(content.Span);
            }

            if (checksum != BinaryPrimitives.ReadUInt32LittleEndian(end.AsSpan(ChecksumOf(offset)))) throw Damaged(offset);
        }
    }

    private static MachineException Damaged(ulong offset) => new($"the RAM file is damaged within the MiB at byte {offset}");

    private static int ChecksumsLength(ulong size) => (int)((size + ChunkLength - 1) / ChunkLength * sizeof(uint));

    private static int ChecksumOf(ulong offset) => (int)(offset / ChunkLength * sizeof(uint));

    /// <summary>Whether a range may hold anything but zeroes. Where the file system cannot tell, it may.</summary>
    private static bool HasData(SafeFileHandle file, long offset, long length)
    {
        long data = lseek(file, offset, SeekData);
        return data >= 0 ? data < offset + length : Marshal.GetLastPInvokeError() != NoData;
    }

    private static async Task<bool> TryReadAsync(SafeFileHandle file, Memory<byte> destination, long offset, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            int read = await RandomAccess.ReadAsync(file, destination, offset, cancellationToken).ConfigureAwait(false);
            if (read == 0) return false;
            destination = destination[read..];
            offset += read;
        }

        return true;
    }

    /// <returns>The chunk's checksum.</returns>
    private static async Task<uint> WriteChunkAsync(GuestMemory memory, SafeFileHandle file, ulong offset, CancellationToken cancellationToken)
    {
        int length = (int)Math.Min(memory.Size - offset, ChunkLength);
        if (!memory.TryGetBuffer(memory.Start.Add(offset), length, out Memory<byte> chunk)) throw new InvalidOperationException("RAM ends early");
        for (int start = 0; start < length;)
        {
            int end = start;
            while (end < length && !IsZero(chunk, end)) end += GuestMemory.PageSize;
            if (end > start) await RandomAccess.WriteAsync(file, chunk[start..end], (long)offset + start, cancellationToken).ConfigureAwait(false);
            start = end;
            while (start < length && IsZero(chunk, start)) start += GuestMemory.PageSize;
        }

        return Crc32C.Compute(chunk.Span);
    }

    private static bool IsZero(Memory<byte> chunk, int page) => !chunk.Span.Slice(page, GuestMemory.PageSize).ContainsAnyExcept((byte)0);

    private static byte[] Trailer(ulong size, ReadOnlySpan<byte> id, ReadOnlySpan<byte> checksums)
    {
        byte[] trailer = new byte[TrailerLength];
        Magic.CopyTo(trailer);
        BinaryPrimitives.WriteUInt16LittleEndian(trailer.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(trailer.AsSpan(16), size);
        id.CopyTo(trailer.AsSpan(24));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(40), Crc32C.Compute(checksums));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(ChecksumAt), Crc32C.Compute(trailer.AsSpan(0, ChecksumAt)));
        return trailer;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle file, long offset, int whence);
}
