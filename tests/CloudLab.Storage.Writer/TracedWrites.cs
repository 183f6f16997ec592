using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Writer;

/// <summary>One write of each kind, each followed by a line that says it is acknowledged.</summary>
internal static class TracedWrites
{
    public static async Task RunAsync(ObjectStore store)
    {
        await store.CreateBucketAsync(new BucketCreation { Name = "b", OwnerId = "" }, default);
        Console.WriteLine("acknowledged bucket");
        await PutAsync(store, "small", 4096);
        await PutAsync(store, "large", 20 << 20);
        var upload = (await store.CreateUploadAsync(new UploadCreation { Bucket = "b", Key = "parts" }, default)).Value!;
        Console.WriteLine("acknowledged upload");
        var part = new PartPut { Bucket = "b", Key = "parts", UploadId = upload.UploadId, Number = 1 };
        var stored = (await store.PutPartAsync(part, new MemoryStream(new byte[200_000]), default)).Value!;
        Console.WriteLine("acknowledged part");
        var completion = new UploadCompletion
        {
            Bucket = "b",
            Key = "parts",
            UploadId = upload.UploadId,
            Parts = [new CompletedPart(1, stored.ETag)],
        };
        await store.CompleteUploadAsync(completion, default);
        Console.WriteLine("acknowledged completion");
        await store.DeleteObjectAsync(new ObjectDelete("b", "small"), default);
        Console.WriteLine("acknowledged delete");
    }

    private static async Task PutAsync(ObjectStore store, string key, int length)
    {
        await store.PutObjectAsync(new ObjectPut { Bucket = "b", Key = key }, new MemoryStream(new byte[length]), default);
        Console.WriteLine($"acknowledged {key}");
    }
}
