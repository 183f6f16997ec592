using System.Buffers.Binary;
using CloudLab.Machine.Memory;
using CloudLab.Machine.State;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.State;

public sealed class RamFileTests : IDisposable
{
    // Four chunks, the last of them short.
    private const int Size = (3 * RamFile.ChunkLength) + (5 * GuestMemory.PageSize);
    private const int Chunks = 4;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cloudlab-ram-");
    private readonly GuestMemory _memory = new(new GuestAddress(0x8000_0000), Size);

    public RamFileTests()
    {
        // In the first chunk two pages, nothing in the second, all of the third, a byte in the last.
        byte[] content = new byte[Size];
        new Random(1).NextBytes(content.AsSpan(GuestMemory.PageSize, 2 * GuestMemory.PageSize));
        new Random(2).NextBytes(content.AsSpan(2 * RamFile.ChunkLength, RamFile.ChunkLength));
        content[^1] = 1;
        _memory.TryWrite(_memory.Start, content);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => System.IO.Path.Combine(_directory.FullName, "ram");

    [Fact]
    public async Task The_bytes_are_the_documented_ones()
    {
        byte[] id = await RamFile.WriteAsync(_memory, Path, Cancellation);
        byte[] file = await File.ReadAllBytesAsync(Path, Cancellation);
        Assert.Equal(Size + (4 * Chunks) + 48, file.Length);
        Assert.Equal(Content(), file[..Size]);
        ReadOnlySpan<byte> checksums = file.AsSpan(Size, 4 * Chunks);
        for (int i = 0; i < Chunks; i++)
        {
            Span<byte> chunk = file.AsSpan(0, Size)[(i * RamFile.ChunkLength)..Math.Min(Size, (i + 1) * RamFile.ChunkLength)];
            Assert.Equal(Crc32C.Compute(chunk), BinaryPrimitives.ReadUInt32LittleEndian(checksums[(4 * i)..]));
        }

        ReadOnlySpan<byte> trailer = file.AsSpan(^48);
        Assert.Equal("89434C520D0A1A0A0200000000000000", Convert.ToHexString(trailer[..16]));
        Assert.Equal((ulong)Size, BinaryPrimitives.ReadUInt64LittleEndian(trailer[16..]));
        Assert.Equal(id, trailer[24..40]);
        Assert.Equal(Crc32C.Compute(checksums), BinaryPrimitives.ReadUInt32LittleEndian(trailer[40..]));
        Assert.Equal(Crc32C.Compute(trailer[..44]), BinaryPrimitives.ReadUInt32LittleEndian(trailer[44..]));
    }

    [Fact]
    public async Task What_is_written_is_mapped()
    {
        byte[] id = await RamFile.WriteAsync(_memory, Path, Cancellation);
        using var other = new GuestMemory(_memory.Start, Size);
        using (RamFile file = await RamFile.OpenAsync(Path, Size, id, Cancellation)) other.MapFile(file.Handle);
        byte[] mapped = new byte[Size];
        other.TryRead(other.Start, mapped);
        Assert.Equal(Content(), mapped);

        other.TryWrite(other.Start, new byte[GuestMemory.PageSize * 3]);
        (await RamFile.OpenAsync(Path, Size, id, Cancellation)).Dispose();
    }

    [Fact]
    public async Task Every_flipped_bit_is_found()
    {
        byte[] id = await RamFile.WriteAsync(_memory, Path, Cancellation);
        byte[] file = await File.ReadAllBytesAsync(Path, Cancellation);
        Gen<int> place = Gen.Frequency(
            (1, Gen.Int[0, Size - 1]), (1, Gen.Int[Size, file.Length - 1]), (1, Gen.Int[RamFile.ChunkLength, (2 * RamFile.ChunkLength) - 1]));
        await Gen.Select(place, Gen.Int[0, 7]).SampleAsync(
            async (at, bit) =>
            {
                byte flipped = (byte)(file[at] ^ 1 << bit);
                Overwrite(at, flipped);
                MachineException refusal = await RefusalAsync(id);
                if (at < Size) Assert.Contains($"the MiB at byte {at / RamFile.ChunkLength * RamFile.ChunkLength}", refusal.Message);
                Overwrite(at, file[at]);
            },
            iter: 200, threads: 1);
        (await RamFile.OpenAsync(Path, Size, id, Cancellation)).Dispose();
    }

    [Fact]
    public async Task Blocks_that_the_file_system_lost_are_found()
    {
        byte[] id = await RamFile.WriteAsync(_memory, Path, Cancellation);
        byte[] file = await File.ReadAllBytesAsync(Path, Cancellation);
        foreach (int lost in (int[])[0, 2])
        {
            // A file of the same length that has a hole there.
            await using (FileStream holed = File.Create(Path))
            {
                await holed.WriteAsync(file.AsMemory(0, lost * RamFile.ChunkLength), Cancellation);
                holed.Position = (lost + 1) * RamFile.ChunkLength;
                await holed.WriteAsync(file.AsMemory((lost + 1) * RamFile.ChunkLength), Cancellation);
            }

            Assert.Contains($"the MiB at byte {lost * RamFile.ChunkLength}", (await RefusalAsync(id)).Message);
        }
    }

    [Fact]
    public async Task A_file_of_another_length_id_or_version_is_refused()
    {
        byte[] id = await RamFile.WriteAsync(_memory, Path, Cancellation);
        byte[] file = await File.ReadAllBytesAsync(Path, Cancellation);
        await RefusalAsync([.. id[..15], (byte)~id[15]]);
        foreach (int length in (int[])[0, 1, Size, file.Length - 1])
        {
            await File.WriteAllBytesAsync(Path, file[..length], Cancellation);
            await RefusalAsync(id);
        }

        await File.WriteAllBytesAsync(Path, [.. file, 0], Cancellation);
        await RefusalAsync(id);

        byte[] older = [.. file];
        older[^40] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(older.AsSpan(^4), Crc32C.Compute(older.AsSpan(^48..^4)));
        await File.WriteAllBytesAsync(Path, older, Cancellation);
        await RefusalAsync(id);
    }

    [Fact]
    public async Task A_cancelled_check_ends()
    {
        byte[] id = await RamFile.WriteAsync(_memory, Path, Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RamFile.OpenAsync(Path, Size, id, new CancellationToken(canceled: true)));
    }

    public void Dispose()
    {
        _memory.Dispose();
        _directory.Delete(recursive: true);
    }

    private byte[] Content()
    {
        byte[] content = new byte[Size];
        _memory.TryRead(_memory.Start, content);
        return content;
    }

    private void Overwrite(int at, byte value)
    {
        using FileStream file = File.OpenWrite(Path);
        file.Position = at;
        file.WriteByte(value);
    }

    private Task<MachineException> RefusalAsync(byte[] id) =>
        Assert.ThrowsAsync<MachineException>(() => RamFile.OpenAsync(Path, Size, id, Cancellation));
}
