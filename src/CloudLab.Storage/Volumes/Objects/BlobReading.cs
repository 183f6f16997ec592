using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>Reads of a volume's objects. Where the store does not answer they throw <see cref="IOException"/>.</summary>
internal static class BlobReading
{
    /// <summary>Reads a range into <paramref name="buffer"/>, or as much of it as there is.</summary>
    /// <returns>How many bytes; null if there is no such object, or the range is behind its end.</returns>
    /// <exception cref="InvalidDataException">The store says that the bytes are damaged.</exception>
    public static async Task<int?> TryReadAsync(
        this IBlobStore blobs, string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var got = await blobs.GetAsync(name, new BlobRange(offset, buffer.Length), cancellationToken);
        if (!got.IsOk)
        {
            return got.Error is BlobError.NotFound or BlobError.RangeNotSatisfiable
                ? null : throw new InvalidDataException($"{name}: {got.Error}");
        }

        await using var content = got.Value;
        return await content.Content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
    }

    /// <summary>The header of an object or a pack; null if there is no such object.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static async Task<ObjectHeader?> TryReadHeaderAsync(this IBlobStore blobs, string name, CancellationToken cancellationToken)
    {
        var buffer = new byte[ObjectHeaderFormat.MaxBytes];
        return await blobs.TryReadAsync(name, 0, buffer, cancellationToken) is { } read
            ? ObjectHeaderFormat.TryRead(buffer.AsSpan(0, read)) ?? throw new InvalidDataException($"{name} has no valid header.")
            : null;
    }

    /// <summary>A record; null if there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static async Task<T?> TryReadRecordAsync<T>(
        this IBlobStore blobs, string name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        const int MaxBytes = 1 << 20;
        var buffer = ArrayPool<byte>.Shared.Rent(MaxBytes);
        try
        {
            if (await blobs.TryReadAsync(name, 0, buffer.AsMemory(0, MaxBytes), cancellationToken) is not { } read)
                return null;
            return JsonSerializer.Deserialize(buffer.AsSpan(0, read), type) ?? throw new InvalidDataException($"{name} is empty.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{name} is no record of its kind.", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Puts a record.</summary>
    /// <returns>False if the condition did not hold.</returns>
    public static async Task<bool> PutRecordAsync<T>(
        this IBlobStore blobs, string name, T record, JsonTypeInfo<T> type, BlobCondition condition, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(record, type));
        var put = await blobs.PutAsync(name, content, condition, cancellationToken);
        return put.IsOk || (put.Error == BlobError.ConditionFailed ? false : throw new InvalidDataException($"{name}: {put.Error}"));
    }
}
