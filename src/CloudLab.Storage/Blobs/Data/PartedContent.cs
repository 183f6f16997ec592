using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>The content of a completed multipart object, one open part at a time.</summary>
internal sealed class PartedContent : IContentSource
{
    private const int MaxNumber = 10_000;

    private readonly IObjectIndex _index;
    private readonly ContentOpener _opener;
    private readonly PartLeases _leases;
    private readonly ulong _upload;
    private IContentSource? _part;
    private int _number;
    private long _partOffset;
    private bool _isDisposed;

    public PartedContent(IObjectIndex index, ContentOpener opener, PartLeases leases, DataRef data, long length)
    {
        _index = index;
        _opener = opener;
        _leases = leases;
        _upload = data.Id;
        Data = data;
        Length = length;
        leases.Take(_upload);
    }

    public long Length { get; }

    public DataRef Data { get; private set; }

    public int Read(long offset, Span<byte> buffer)
    {
        if (offset >= Length || buffer.IsEmpty)
            return 0;
        if (_part is null || offset < _partOffset || offset >= _partOffset + _part.Length)
            OpenPartAt(offset);
        var read = _part!.Read(offset - _partOffset, buffer);
        if (read == 0)
            throw new InvalidDataException("A part of the object is shorter than its record says.");
        return read;
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _part?.Dispose();
        _leases.Release(_upload);
    }

    private void OpenPartAt(long offset)
    {
        var (number, record) = _part is not null && offset == _partOffset + _part.Length ? FindFrom(_number + 1) : Find(offset);
        _part?.Dispose();
        _part = null;
        if (record is null || offset < record.Offset || offset >= record.Offset + record.Length)
            throw new InvalidDataException("A part of the object is not in the index.");
        Data = record.Data;
        _part = _opener.TryOpen(record.Data, record.Length) ?? throw new InvalidDataException($"Part {number} of the object is lost.");
        (_number, _partOffset) = (number, record.Offset);
    }

    /// <summary>The next part that is not empty.</summary>
    private (int Number, PartRecord? Record) FindFrom(int number)
    {
        using var cursor = _index.Walk(IndexKeys.Parts(_upload));
        for (var has = number <= MaxNumber && cursor.Seek(IndexKeys.Part(_upload, number)); has; has = cursor.Next())
        {
            if (PartRecord.Decode(cursor.Key, cursor.Value) is { Length: > 0 } record)
                return (IndexKeys.NumberOfPart(cursor.Key), record);
        }

        return (0, null);
    }

    /// <summary>Numbers have gaps but ascend with the offsets: bisected by seeking.</summary>
    private (int Number, PartRecord? Record) Find(long offset)
    {
        using var cursor = _index.Walk(IndexKeys.Parts(_upload));
        (int Number, PartRecord? Record) found = (0, null);
        int low = 1, high = MaxNumber;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (!cursor.Seek(IndexKeys.Part(_upload, middle)) || PartRecord.Decode(cursor.Key, cursor.Value) is not { } record || record.Offset > offset)
            {
                high = middle - 1;
                continue;
            }

            found = (IndexKeys.NumberOfPart(cursor.Key), record);
            low = found.Number + 1;
        }

        return found;
    }
}
