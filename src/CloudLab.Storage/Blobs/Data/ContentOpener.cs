using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Opens what the index refers to.</summary>
internal sealed class ContentOpener(IObjectIndex index, ObjectFiles files, MasterKeys keys, PartLeases leases)
{
    /// <summary>Null if it is not there: it was removed since the reference was read, or is lost.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public IContentSource? TryOpen(DataRef data, long length) => data.Kind switch
    {
        DataKind.None => InlineContent.Empty,
        DataKind.Inline => TryOpenInline(data, length),
        DataKind.File => TryOpenFile(data, length),
        DataKind.Parts => new PartedContent(index, this, leases, data, length),
    };

    private InlineContent? TryOpenInline(DataRef data, long length)
    {
        var key = IndexKeys.Inline(data.Id);
        if (index.Get(key) is not { } record)
            return null;
        var stored = DocumentRecord.Decode(key, record);
        if (data.Key.Length == 0)
        {
            if (stored.Length != length)
                throw WrongLength();
            record.AsSpan().Overlaps(stored, out var start);
            return new InlineContent(data, record.AsMemory(start, stored.Length));
        }

        var plain = new byte[length];
        using var cipher = Cipher(data)!;
        if (stored.Length != length + ChunkCipher.TagBytes)
            throw WrongLength();
        if (!cipher.TryDecrypt(0, stored, plain))
            throw new InvalidDataException("The content cannot be decrypted.");
        return new InlineContent(data, plain);
    }

    private ObjectFileReader? TryOpenFile(DataRef data, long length)
    {
        if (files.Open(data.Id) is not { } file)
            return null;
        try
        {
            if (ObjectFileFormat.Verify(file, data.Id, data.Key.Length > 0, length) is { } reason)
                throw new InvalidDataException($"File {data.Id:x16}: {reason}.");
            return new ObjectFileReader(file, data, Cipher(data), length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static InvalidDataException WrongLength() => new("The content has another length than the object.");

    private ChunkCipher? Cipher(DataRef data)
    {
        if (data.Key.Length == 0)
            return null;
        var key = keys.TryUnwrap(data.Key) ?? throw new InvalidDataException("The object's key cannot be unwrapped.");
        return new ChunkCipher(key);
    }
}
