namespace CloudLab.Storage.Blobs;

/// <summary>An open object. Disposing it closes the stream.</summary>
/// <param name="Info">The version that is read.</param>
/// <param name="Content">The bytes, forward only; throws <see cref="InvalidDataException"/> where they do not match their checksum.</param>
public sealed record BlobContent(BlobInfo Info, Stream Content) : IAsyncDisposable
{
    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Content.DisposeAsync();
}
