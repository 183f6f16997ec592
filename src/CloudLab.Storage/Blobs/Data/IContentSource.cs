using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Verified content of one object or part, from the index or from a file. One caller at a time.</summary>
internal interface IContentSource : IDisposable
{
    long Length { get; }

    /// <summary>What was read last: the culprit when it is damaged.</summary>
    DataRef Data { get; }

    /// <summary>Reads at least one byte, unless at the end or for an empty buffer.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged; none of them is handed out.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    int Read(long offset, Span<byte> buffer);
}
