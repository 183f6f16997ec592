namespace CloudLab.Storage.Tests.Blobs;

/// <summary>Gives its bytes in pieces of odd sizes, as a network does.</summary>
internal sealed class DribblingStream(byte[] bytes) : MemoryStream(bytes)
{
    private const int LargestPiece = 1009;

    /// <summary>Called with the position before each read.</summary>
    public Action<int>? BeforeRead { get; init; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        BeforeRead?.Invoke((int)Position);
        return Read(buffer.Span[..Math.Min(buffer.Length, LargestPiece)]);
    }
}
