namespace CloudLab.Storage.Files;

/// <summary>An open file of an <see cref="IFileLayer"/>.</summary>
internal interface IFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads into <paramref name="buffer"/> until it is full or the file ends; answers how many bytes.</summary>
    int Read(long offset, Span<byte> buffer);

    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Has what was written of a range sent to the disk, so that a later <see cref="Sync"/> finds less to do. Nothing is durable by
    /// it; what the disk refuses is told by that sync.
    /// </summary>
    void BeginWriteback(long offset, long length);

    /// <summary>Makes the content durable. A failure leaves it unknown what is.</summary>
    void Sync();
}
