using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Content that is in memory, verified and decrypted; the whole of a small object, or an empty one.</summary>
internal sealed class InlineContent(DataRef data, ReadOnlyMemory<byte> content) : IContentSource
{
    public static InlineContent Empty { get; } = new(DataRef.None, ReadOnlyMemory<byte>.Empty);

    public long Length => content.Length;

    public DataRef Data => data;

    public int Read(long offset, Span<byte> buffer)
    {
        var rest = content.Span[(int)Math.Min(offset, content.Length)..];
        rest = rest[..Math.Min(rest.Length, buffer.Length)];
        rest.CopyTo(buffer);
        return rest.Length;
    }

    public void Dispose()
    {
    }
}
