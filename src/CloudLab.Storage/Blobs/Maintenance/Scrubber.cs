using System.Buffers;
using System.Text;
using CloudLab.Storage.Blobs.Data;
using CloudLab.Storage.Blobs.Metadata;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Maintenance;

/// <summary>Reads everything that is stored, slowly and again and again, so that damage is found while there may be a copy elsewhere.</summary>
/// <remarks>It walks the current versions, the older ones and the parts in the order of the index, and goes on after a restart where it was.</remarks>
internal sealed class Scrubber(
    IObjectIndex index, Committer committer, ContentOpener opener, DamageLog damage, ObjectStoreOptions options, TimeProvider time)
{
    private const int BufferBytes = 128 << 10;
    private const int KeysAtOnce = 64;
    private const int MinBytesOfRecord = 512;
    private const long SaveEveryBytes = 256 << 20;

    // Current versions, older ones, parts.
    private static readonly byte[][] Walks = [[(byte)'o'], [(byte)'v'], [(byte)'p']];
    private static readonly byte[] PositionKey = IndexKeys.Store("scrub-position");

    private long _bytes;
    private long _objects;
    private long _passes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Objects => Interlocked.Read(ref _objects);

    public long Passes => Interlocked.Read(ref _passes);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.ScrubBytesPerSecond <= 0)
            return;
        try
        {
            while (true)
            {
                // First a rest: a store that has just been opened has better things to do.
                await Task.Delay(Passes == 0 ? TimeSpan.FromMinutes(1) : options.ScrubInterval, time, cancellationToken);
                await PassAsync(isPaced: true, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The store closes.
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The index cannot be read; whoever uses it is told.
        }
    }

    public async Task PassAsync(bool isPaced, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            byte[]? position = isPaced ? ReadPosition() : null;
            long unsaved = 0;
            while (true)
            {
                var (items, next) = Collect(position);
                foreach (var item in items)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var read = await VerifyAsync(item, buffer, cancellationToken);
                    unsaved += read;
                    if (isPaced)
                        await Task.Delay(TimeSpan.FromSeconds((double)read / options.ScrubBytesPerSecond), time, cancellationToken);
                }

                if (next is null)
                    break;
                position = next;
                if (isPaced && unsaved >= SaveEveryBytes)
                {
                    unsaved = 0;
                    await SavePositionAsync(position);
                }
            }

            Interlocked.Increment(ref _passes);
            if (isPaced)
                await SavePositionAsync([]);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The next few records after a position, and the new position; null at the end.</summary>
    private (List<ScrubItem> Items, byte[]? Next) Collect(byte[]? position)
    {
        var items = new List<ScrubItem>();
        var first = position is { Length: > 0 } ? Array.FindIndex(Walks, walk => walk[0] == position[0]) : -1;
        for (var i = Math.Max(first, 0); i < Walks.Length; i++)
        {
            using var cursor = index.Walk(Walks[i]);
            byte[] from = i == first ? [.. position!, 0] : Walks[i];
            for (var has = cursor.Seek(from); has; has = cursor.Next())
            {
                if (ScrubItem.TryRead(cursor.Key, cursor.Value) is { } item)
                    items.Add(item);
                if (items.Count == KeysAtOnce)
                    return (items, cursor.Key.ToArray());
            }
        }

        return (items, null);
    }

    private async Task<long> VerifyAsync(ScrubItem item, byte[] buffer, CancellationToken cancellationToken)
    {
        long offset = 0;
        var culprit = item.Data;
        try
        {
            using var source = opener.TryOpen(item.Data, item.Length);
            if (source is null)
            {
                if (IsStillThere(item))
                    throw new InvalidDataException("The content is not there.");
                return MinBytesOfRecord;
            }

            while (offset < item.Length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                culprit = source.Data;
                offset += source.Read(offset, buffer.AsSpan(0, BufferBytes));
            }

            Interlocked.Increment(ref _objects);
        }
        catch (InvalidDataException e)
        {
            if (IsStillThere(item))
                await damage.NoteAsync(BucketName(item.BucketId), item.Key, item.VersionId, culprit, e.Message);
        }
        catch (IOException)
        {
            // The disk would not read it now; the next pass asks again.
        }

        Interlocked.Add(ref _bytes, offset);
        return Math.Max(offset, MinBytesOfRecord);
    }

    private bool IsStillThere(ScrubItem item) => index.Get(item.IndexKey) is { } record && item.IsSame(record);

    private string BucketName(ulong id)
    {
        using var cursor = index.Walk(IndexKeys.Bucket(""));
        for (var has = cursor.Seek(IndexKeys.Bucket("")); has; has = cursor.Next())
        {
            var name = Encoding.UTF8.GetString(cursor.Key[1..]);
            if (BucketRecord.Decode(cursor.Key, cursor.Value, name).Id == id)
                return name;
        }

        return "";
    }

    private byte[]? ReadPosition() =>
        index.Get(PositionKey) is { } record ? DocumentRecord.Decode(PositionKey, record).ToArray() : null;

    private Task<StoreResult<Nothing>> SavePositionAsync(byte[] position) => committer.CommitAsync<Nothing>(transaction =>
    {
        transaction.Put(PositionKey, DocumentRecord.Encode(position, PositionKey));
        return Nothing.Value;
    });
}
