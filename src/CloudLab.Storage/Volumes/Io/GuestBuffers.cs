namespace CloudLab.Storage.Volumes.Io;

/// <summary>Walks over the buffers of a request as if they were one.</summary>
internal struct GuestBuffers(IReadOnlyList<Memory<byte>> buffers)
{
    private int _buffer;
    private int _offset;

    public static long LengthOf(IReadOnlyList<Memory<byte>> buffers)
    {
        long length = 0;
        for (var i = 0; i < buffers.Count; i++)
            length += buffers[i].Length;
        return length;
    }

    /// <summary>Takes the next bytes out of the buffers.</summary>
    public void Gather(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            var from = Next(target.Length);
            from.CopyTo(target);
            target = target[from.Length..];
        }
    }

    /// <summary>Puts bytes into the buffers.</summary>
    public void Scatter(ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            var to = Next(source.Length);
            source[..to.Length].CopyTo(to);
            source = source[to.Length..];
        }
    }

    private Span<byte> Next(int most)
    {
        while (_offset == buffers[_buffer].Length)
            (_buffer, _offset) = (_buffer + 1, 0);
        var span = buffers[_buffer].Span[_offset..];
        span = span[..Math.Min(span.Length, most)];
        _offset += span.Length;
        return span;
    }
}
