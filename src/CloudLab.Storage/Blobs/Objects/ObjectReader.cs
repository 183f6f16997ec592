using System.IO.Pipelines;
using CloudLab.Storage.Blobs.Data;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>An open version of an object. What it reads stays as it is when the object is replaced or deleted; dispose it.</summary>
/// <remarks>
/// A byte is handed out only after the checksum of its chunk held. Where it does not, reading throws
/// <see cref="InvalidDataException"/>, and the object is noted as damaged. One caller at a time.
/// </remarks>
public sealed class ObjectReader : IDisposable
{
    private const int CopyBytes = 256 << 10;

    private readonly IContentSource _source;
    private readonly Action<IContentSource, string> _damaged;
    private InvalidDataException? _failure;

    internal ObjectReader(ObjectVersion version, IContentSource source, Action<IContentSource, string> damaged)
    {
        Version = version;
        _source = source;
        _damaged = damaged;
    }

    /// <summary>The version that is read.</summary>
    public ObjectVersion Version { get; }

    /// <summary>
    /// Reads and verifies what comes first of a range, so that damage can still be answered by a status. Null if all is well.
    /// </summary>
    public StoreFailure? Prefetch(long offset, long length)
    {
        if (length == 0)
            return null;
        try
        {
            Span<byte> first = stackalloc byte[1];
            Read(offset, first);
            return null;
        }
        catch (InvalidDataException e)
        {
            return new StoreFailure(StoreError.Damaged, e.Message);
        }
    }

    /// <summary>The bytes of a range that lies within the object, forward only. The stream must not outlive the reader.</summary>
    public Stream OpenRead(long offset, long length)
    {
        ThrowIfOutside(offset, length);
        return new ObjectReadStream(this, offset, offset + length);
    }

    /// <summary>Reads a range into the writer's own memory, 256 KiB at a time, flushing each; does not complete the writer.</summary>
    /// <returns>Whether all was written; false when the other side went away.</returns>
    public async ValueTask<bool> CopyToAsync(PipeWriter writer, long offset, long length, CancellationToken cancellationToken)
    {
        ThrowIfOutside(offset, length);
        for (var end = offset + length; offset < end;)
        {
            var memory = writer.GetMemory((int)Math.Min(CopyBytes, end - offset));
            var read = Read(offset, memory.Span[..(int)Math.Min(Math.Min(CopyBytes, memory.Length), end - offset)]);
            writer.Advance(read);
            offset += read;
            var flushed = await writer.FlushAsync(cancellationToken);
            if (flushed.IsCompleted || flushed.IsCanceled)
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    /// <summary>Reads at least a byte of a range within the object.</summary>
    internal int Read(long offset, Span<byte> buffer)
    {
        if (_failure is not null)
            throw new InvalidDataException(_failure.Message, _failure);
        try
        {
            return _source.Read(offset, buffer);
        }
        catch (InvalidDataException e)
        {
            _failure = e;
            _damaged(_source, e.Message);
            throw;
        }
    }

    private void ThrowIfOutside(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Version.Length - length);
    }
}
