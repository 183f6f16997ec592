using System.IO.Pipelines;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>An open version of an object. What it reads stays as it is when the object is replaced or deleted; dispose it.</summary>
/// <remarks>
/// A byte is handed out only after the checksum of its chunk held. Where it does not, reading throws
/// <see cref="InvalidDataException"/>, and the object is noted as damaged. One caller at a time.
/// </remarks>
public sealed class ObjectReader : IDisposable
{
    internal ObjectReader(ObjectVersion version) => Version = version;

    /// <summary>The version that is read.</summary>
    public ObjectVersion Version { get; }

    /// <summary>
    /// Reads and verifies what comes first of a range, so that damage can still be answered by a status. Null if all is well.
    /// </summary>
    public StoreFailure? Prefetch(long offset, long length) => throw new NotSupportedException();

    /// <summary>The bytes of a range that lies within the object, forward only. The stream must not outlive the reader.</summary>
    public Stream OpenRead(long offset, long length) => throw new NotSupportedException();

    /// <summary>Reads a range into the writer's own memory, 256 KiB at a time, flushing each; does not complete the writer.</summary>
    /// <returns>Whether all was written; false when the other side went away.</returns>
    public ValueTask<bool> CopyToAsync(PipeWriter writer, long offset, long length, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotSupportedException();
}
