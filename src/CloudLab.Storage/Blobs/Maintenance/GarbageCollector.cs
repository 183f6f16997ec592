using System.Threading.Channels;
using CloudLab.Storage.Blobs.Data;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Maintenance;

/// <summary>Removes what the index does not refer to any more.</summary>
/// <remarks>
/// Three sources: files whose object was replaced or deleted, told after the commit; the parts of uploads, which have a record of
/// their own until the last is gone; and files that a process before has left behind, which are looked for once, in the background,
/// a directory at a time. Nothing is lost when it is interrupted: the record, or the search at the next start, finds the rest.
/// </remarks>
internal sealed class GarbageCollector(IObjectIndex index, Committer committer, ObjectFiles files)
{
    private const int PartsAtOnce = 256;

    private readonly Channel<Work> _work = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private long _filesCollected;

    public long FilesCollected => Interlocked.Read(ref _filesCollected);

    /// <summary>Says which uploads are being read; set before <see cref="RunAsync"/>.</summary>
    public PartLeases? Leases { get; set; }

    public void CollectFile(ulong id) => _work.Writer.TryWrite(new Work(id, IsUpload: false));

    public void CollectUpload(ulong id) => _work.Writer.TryWrite(new Work(id, IsUpload: true));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using (var cursor = index.Walk(IndexKeys.AllGarbage()))
            {
                for (var has = cursor.Seek(IndexKeys.AllGarbage()); has; has = cursor.Next())
                    CollectUpload(IndexKeys.LastNumber(cursor.Key));
            }

            CollectOrphans(cancellationToken);
            await foreach (var work in _work.Reader.ReadAllAsync(cancellationToken))
            {
                if (!work.IsUpload)
                    Delete(work.Id);
                else if (Leases!.IsFree(work.Id))
                    await CollectPartsAsync(work.Id);
            }
        }
        catch (OperationCanceledException)
        {
            // The store closes; what is left is found at its next start.
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ObjectDisposedException)
        {
            // What cannot be collected takes space and does no other harm.
        }
    }

    private void CollectOrphans(CancellationToken cancellationToken)
    {
        foreach (var id in files.OldFiles())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (index.Get(IndexKeys.File(id)) is null)
                Delete(id);
        }
    }

    private async Task CollectPartsAsync(ulong upload)
    {
        while (true)
        {
            var keys = new List<byte[]>();
            var data = new List<DataRef>();
            using (var cursor = index.Walk(IndexKeys.Parts(upload)))
            {
                for (var has = cursor.Seek(IndexKeys.Parts(upload)); has && keys.Count < PartsAtOnce; has = cursor.Next())
                {
                    keys.Add(cursor.Key.ToArray());
                    data.Add(PartRecord.Decode(cursor.Key, cursor.Value).Data);
                }
            }

            // The files go after the commit, like those of any other object.
            var committed = await committer.CommitAsync<Nothing>(transaction =>
            {
                foreach (var key in keys)
                    transaction.Delete(key);
                foreach (var part in data)
                    DataRemoval.Remove(transaction, part, CollectFile, CollectUpload);
                if (keys.Count < PartsAtOnce)
                    transaction.Delete(IndexKeys.Garbage(upload));
                return Nothing.Value;
            });
            if (!committed.IsOk || keys.Count < PartsAtOnce)
                return;
        }
    }

    private void Delete(ulong id)
    {
        if (files.TryDelete(id))
            Interlocked.Increment(ref _filesCollected);
    }

    private readonly record struct Work(ulong Id, bool IsUpload);
}
