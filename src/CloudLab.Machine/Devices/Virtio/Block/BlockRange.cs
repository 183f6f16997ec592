namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>Arithmetic that backends share.</summary>
internal static class BlockRange
{
    /// <summary>Whether a range lies within the disk and on its sectors.</summary>
    public static bool Fits(IBlockBackend disk, ulong offset, ulong length)
    {
        ulong mask = (ulong)disk.SectorSize - 1;
        return ((offset | length) & mask) == 0 && offset <= disk.Size && length <= disk.Size - offset;
    }

    /// <summary>The bytes in all buffers.</summary>
    public static ulong Length(IReadOnlyList<Memory<byte>> buffers)
    {
        ulong length = 0;
        for (int i = 0; i < buffers.Count; i++) length += (ulong)buffers[i].Length;
        return length;
    }
}
