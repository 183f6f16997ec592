using System.Buffers;
using CloudLab.Storage.Blobs.Checksums;
using CloudLab.Storage.Blobs.Objects;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Takes a body in: small ones into memory, larger ones into a file, digested and checked on the way.</summary>
/// <remarks>Whatever ends it early, the body's own exceptions included, leaves nothing behind.</remarks>
internal sealed class BodyReceiver(ObjectFiles files, MasterKeys keys, IFileLayer layer, ObjectStoreOptions options)
{
    /// <exception cref="SyncFailedException">It is not known any more what is durable.</exception>
    public async Task<StoreResult<ReceivedBody>> ReceiveAsync(
        Stream body, BodyExpectation expectation, bool encrypt, CancellationToken cancellationToken)
    {
        if (expectation.Length is { } declared && declared > expectation.MaxLength)
            return StoreError.TooLarge;

        // One byte more than is kept in memory, or than was declared, so that more is noticed.
        var most = (int)Math.Min(Math.Max(expectation.Length ?? long.MaxValue, 0), options.InlineBytes) + 1;
        var buffer = ArrayPool<byte>.Shared.Rent(most);
        using var digests = new BodyDigests(expectation.Checksums);
        try
        {
            var count = await body.ReadAtLeastAsync(buffer.AsMemory(0, most), most, throwOnEndOfStream: false, cancellationToken);
            if (Excess(count, expectation) is { } excess)
                return excess;
            if (layer.FreeBytes(options.Directory) - (expectation.Length ?? count) < options.ReservedDiskBytes)
                return StoreError.StorageFull;
            if (count == most)
                return await ReceiveFileAsync(body, buffer.AsMemory(0, count), digests, expectation, encrypt, cancellationToken);
            return ReceiveInline(buffer.AsSpan(0, count), digests, expectation, encrypt);
        }
        catch (DiskException e)
        {
            return new StoreFailure(e.IsFull ? StoreError.StorageFull : StoreError.Io, e.Message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static StoreFailure? Excess(long length, BodyExpectation expectation)
    {
        if (length > expectation.MaxLength)
            return new StoreFailure(StoreError.TooLarge);
        return length > expectation.Length ? new StoreFailure(StoreError.IncompleteBody) : null;
    }

    private StoreResult<ReceivedBody> ReceiveInline(
        ReadOnlySpan<byte> content, BodyDigests digests, BodyExpectation expectation, bool encrypt)
    {
        digests.Append(content);
        var body = CheckedBody.Check(digests, content.Length, expectation);
        if (!body.IsOk)
            return body.Failure;
        if (!encrypt || content.IsEmpty)
            return new ReceivedBody(content.Length, body.Value.ETag, body.Value.Checksums, content.ToArray(), 0, []);
        var (key, wrapped) = NewKey();
        using var cipher = new ChunkCipher(key);
        var stored = new byte[content.Length + ChunkCipher.TagBytes];
        cipher.Encrypt(0, content, stored);
        return new ReceivedBody(content.Length, body.Value.ETag, body.Value.Checksums, stored, 0, wrapped);
    }

    private async Task<StoreResult<ReceivedBody>> ReceiveFileAsync(
        Stream body,
        ReadOnlyMemory<byte> first,
        BodyDigests digests,
        BodyExpectation expectation,
        bool encrypt,
        CancellationToken cancellationToken)
    {
        var created = await CreateAsync(cancellationToken);
        if (!created.IsOk)
            return created.Failure;
        var isReceived = false;
        try
        {
            var (key, wrapped) = encrypt ? NewKey() : (null, []);
            using var writer = new ObjectFileWriter(created.Value, key is null ? null : new ChunkCipher(key), FilePipeline.BufferBytes);
            await using var pipeline = new FilePipeline(digests, writer);
            long length = 0;
            int count, size;
            do
            {
                var buffer = await pipeline.NextAsync();
                size = buffer.Length;
                count = Math.Min(first.Length, size);
                first[..count].CopyTo(buffer);
                first = first[count..];
                if (count < size)
                    count += await body.ReadAtLeastAsync(buffer[count..], size - count, throwOnEndOfStream: false, cancellationToken);
                length += count;
                if (Excess(length, expectation) is { } excess)
                    return excess;
                if (count > 0)
                    pipeline.Push(count);
            }
            while (count == size);

            if (expectation.Length is { } declared && declared != length)
                return StoreError.IncompleteBody;
            await pipeline.DrainAsync();
            var result = CheckedBody.Check(digests, length, expectation);
            if (!result.IsOk)
                return result.Failure;
            await writer.FinishAsync();
            isReceived = true;
            return new ReceivedBody(length, result.Value.ETag, result.Value.Checksums, null, created.Value.Id, wrapped);
        }
        finally
        {
            created.Value.File.Dispose();
            if (!isReceived)
                files.TryDelete(created.Value.Id);
        }
    }

    private async Task<StoreResult<NewFile>> CreateAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await files.CreateAsync(cancellationToken);
        }
        catch (IOException e) when (e is not SyncFailedException)
        {
            throw new DiskException(e);
        }
    }

    private (byte[] Key, byte[] Wrapped) NewKey()
    {
        try
        {
            return keys.NewKey();
        }
        catch (IOException e)
        {
            throw new DiskException(e);
        }
    }
}
