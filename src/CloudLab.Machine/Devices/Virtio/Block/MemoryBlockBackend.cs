namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>A disk in host memory, gone with the process. Transfers end within the call, long ones on the thread pool.</summary>
public sealed class MemoryBlockBackend : IBlockBackend
{
    // What is copied on the caller's thread, which runs a vCPU: about a tenth of a millisecond's worth.
    private const ulong InlineLimit = 1 << 20;

    private readonly byte[] _content;

    /// <summary>A disk of <paramref name="size"/> zero bytes, a multiple of 512 and at most <see cref="Array.MaxLength"/>.</summary>
    public MemoryBlockBackend(int size, bool isReadOnly = false)
        : this(new byte[size], isReadOnly)
    {
    }

    /// <summary>A disk on <paramref name="content"/>, whose length is a multiple of 512.</summary>
    public MemoryBlockBackend(byte[] content, bool isReadOnly = false)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentOutOfRangeException.ThrowIfNotEqual(content.Length % SectorSize, 0, nameof(content));
        _content = content;
        IsReadOnly = isReadOnly;
    }

    /// <summary>Never raised: the size is fixed.</summary>
    public event Action? SizeChanged
    {
        add { }
        remove { }
    }

    public ulong Size => (ulong)_content.Length;

    public int SectorSize => 512;

    public bool IsReadOnly { get; }

    public string Id => "memory";

    public ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) =>
        Transfer(offset, buffers, write: false);

    public ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) =>
        IsReadOnly ? new(BlockResult.ReadOnly) : Transfer(offset, buffers, write: true);

    public ValueTask<BlockResult> FlushAsync() => new(BlockResult.Ok);

    public ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length) => WriteZeroesAsync(offset, length);

    public ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length)
    {
        if (IsReadOnly) return new(BlockResult.ReadOnly);
        if (!BlockRange.Fits(this, offset, length)) return new(BlockResult.OutOfRange);
        _content.AsSpan((int)offset, (int)length).Clear();
        return new(BlockResult.Ok);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask<BlockResult> Transfer(ulong offset, IReadOnlyList<Memory<byte>> buffers, bool write)
    {
        ulong length = BlockRange.Length(buffers);
        if (!BlockRange.Fits(this, offset, length)) return new(BlockResult.OutOfRange);
        return length > InlineLimit ? CopyOnPool((int)offset, buffers, write) : new(Copy((int)offset, buffers, write));
    }

    // Apart from Transfer, so that only a long transfer pays for the closure.
    private ValueTask<BlockResult> CopyOnPool(int offset, IReadOnlyList<Memory<byte>> buffers, bool write) =>
        new(Task.Run(() => Copy(offset, buffers, write)));

    private BlockResult Copy(int offset, IReadOnlyList<Memory<byte>> buffers, bool write)
    {
        for (int i = 0; i < buffers.Count; i++)
        {
            Span<byte> buffer = buffers[i].Span;
            Span<byte> content = _content.AsSpan(offset, buffer.Length);
            if (write) buffer.CopyTo(content);
            else content.CopyTo(buffer);
            offset += buffer.Length;
        }

        return BlockResult.Ok;
    }
}
