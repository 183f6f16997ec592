using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Maintenance;

/// <summary>Aborts uploads that nobody has finished in time, so that their parts do not stay for ever.</summary>
internal sealed class UploadExpiry(ObjectStore store, ObjectStoreOptions options, TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.UploadLifetime is not { } lifetime)
            return;
        try
        {
            while (true)
            {
                await AbortOlderAsync(time.GetUtcNow() - lifetime, cancellationToken);
                await Task.Delay(Period, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The store closes.
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ObjectDisposedException)
        {
            // The index cannot be read; whoever uses it is told.
        }
    }

    private async Task AbortOlderAsync(DateTimeOffset oldest, CancellationToken cancellationToken)
    {
        string? startAfter = null;
        do
        {
            var page = store.ListBuckets(new BucketListing { StartAfter = startAfter, MaxBuckets = 1000 });
            foreach (var bucket in page.Buckets)
                await AbortOlderAsync(bucket.Name, oldest, cancellationToken);
            startAfter = page.Next;
        }
        while (startAfter is not null);
    }

    private async Task AbortOlderAsync(string bucket, DateTimeOffset oldest, CancellationToken cancellationToken)
    {
        var listing = new UploadListing { Bucket = bucket };
        while (store.ListUploads(listing).Value is { } page)
        {
            foreach (var upload in page.Uploads.Where(upload => upload.Initiated < oldest))
                await store.AbortUploadAsync(bucket, upload.Key, upload.UploadId, cancellationToken);
            if (!page.IsTruncated)
                return;
            listing = listing with { KeyMarker = page.NextKeyMarker, UploadIdMarker = page.NextUploadIdMarker };
        }
    }
}
