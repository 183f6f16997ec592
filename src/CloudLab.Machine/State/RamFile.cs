using System.Buffers.Binary;
using System.Security.Cryptography;
using CloudLab.Machine.Memory;
using Microsoft.Win32.SafeHandles;

namespace CloudLab.Machine.State;

/// <summary>The file with the RAM of a saved machine: restored machines map it copy-on-write.</summary>
/// <remarks>
/// <code>
/// 0     S  RAM, byte for byte; pages of zeroes are holes
/// S+0   8  magic: 89 'C' 'L' 'R' 0D 0A 1A 0A
/// S+8   2  version: 1
/// S+10  6  zero
/// S+16  8  S, the size of RAM in bytes, a multiple of 4096
/// S+24  16 id: random, also in the state's Memory section
/// S+40  4  CRC-32C of the 40 bytes before
/// </code>
/// RAM comes first because mapped pages must lie on page boundaries; what describes it stands at the end, where a
/// truncated file lacks it. The id ties the file to its state. The content has no checksum: verifying it would read all
/// that mapping leaves unread; whatever it holds is a possible RAM, and who stores the file for long checks it there.
/// <para>
/// The file must not be written to or truncated while a machine maps it. Removing it, or saving to the same path, is
/// harmless: the mapping keeps the old file, and a save replaces it as a whole.
/// </para>
/// </remarks>
internal sealed class RamFile : IDisposable
{
    public const int IdLength = 16;

    private const int TrailerLength = 44;
    private const int ChecksumAt = 40;
    private const ushort Version = 1;

    // What is read of RAM and written at once; a multiple of the page size.
    private const int ChunkLength = 1 << 20;

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
                for (ulong offset = 0; offset < memory.Size; offset += ChunkLength)
                    await WriteChunkAsync(memory, file, offset, cancellationToken).ConfigureAwait(false);
                await RandomAccess.WriteAsync(file, Trailer(memory.Size, id), (long)memory.Size, cancellationToken).ConfigureAwait(false);
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

    /// <summary>Opens a file and checks that it is the RAM of the given size with the given id.</summary>
    /// <exception cref="MachineException">It is not, or cannot be opened.</exception>
    public static RamFile Open(string path, ulong size, ReadOnlySpan<byte> id)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MachineException("the RAM file cannot be opened", e);
        }

        byte[] trailer = new byte[TrailerLength];
        bool isWhole = RandomAccess.GetLength(handle) == (long)size + TrailerLength
            && RandomAccess.Read(handle, trailer, (long)size) == TrailerLength;
        if (isWhole && trailer.AsSpan().SequenceEqual(Trailer(size, id))) return new RamFile(handle);
        handle.Dispose();
        throw new MachineException("the RAM file is damaged, or belongs to another saved state");
    }

    public void Dispose() => Handle.Dispose();

    private static async Task WriteChunkAsync(GuestMemory memory, SafeFileHandle file, ulong offset, CancellationToken cancellationToken)
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
    }

    private static bool IsZero(Memory<byte> chunk, int page) => !chunk.Span.Slice(page, GuestMemory.PageSize).ContainsAnyExcept((byte)0);

    private static byte[] Trailer(ulong size, ReadOnlySpan<byte> id)
    {
        byte[] trailer = new byte[TrailerLength];
        Magic.CopyTo(trailer);
        BinaryPrimitives.WriteUInt16LittleEndian(trailer.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(trailer.AsSpan(16), size);
        id.CopyTo(trailer.AsSpan(24));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(ChecksumAt), Crc32C.Compute(trailer.AsSpan(0, ChecksumAt)));
        return trailer;
    }
}
