using System.Globalization;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Writer;

/// <summary>Does one operation after the other and says so: "begin W N" before, "done W N" once it is acknowledged.</summary>
internal static class EndlessWriter
{
    public static async Task RunAsync(ObjectStore store, int writer, int first)
    {
        for (var number = first; ; number++)
        {
            var operation = new WriterOperation(writer, number);
            Say("begin", operation);
            if (!await DoAsync(store, operation))
                throw new InvalidOperationException($"Operation {operation} failed.");
            Say("done", operation);
        }
    }

    private static void Say(string what, WriterOperation operation) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {operation.Writer} {operation.Number}"));

    private static async Task<bool> DoAsync(ObjectStore store, WriterOperation operation)
    {
        if (operation.Content is not { } bytes)
            return (await store.DeleteObjectAsync(new ObjectDelete(WriterOperation.Bucket, operation.Key), default)).IsOk;
        var attributes = new ObjectAttributes { Encrypt = operation.IsEncrypted };
        if (operation.IsMultipart)
            return await MultipartAsync(store, operation, attributes, bytes);
        var put = new ObjectPut { Bucket = WriterOperation.Bucket, Key = operation.Key, Attributes = attributes };
        return (await store.PutObjectAsync(put, new MemoryStream(bytes), default)).IsOk;
    }

    private static async Task<bool> MultipartAsync(
        ObjectStore store, WriterOperation operation, ObjectAttributes attributes, byte[] bytes)
    {
        var creation = new UploadCreation { Bucket = WriterOperation.Bucket, Key = operation.Key, Attributes = attributes };
        var upload = (await store.CreateUploadAsync(creation, default)).Value!;
        var parts = new List<CompletedPart>();
        var half = bytes.Length / 2;
        foreach (var (number, content) in new[] { (1, bytes[..half]), (2, bytes[half..]) })
        {
            var put = new PartPut { Bucket = WriterOperation.Bucket, Key = operation.Key, UploadId = upload.UploadId, Number = number };
            parts.Add(new CompletedPart(number, (await store.PutPartAsync(put, new MemoryStream(content), default)).Value!.ETag));
        }

        var completion = new UploadCompletion
        {
            Bucket = WriterOperation.Bucket,
            Key = operation.Key,
            UploadId = upload.UploadId,
            Parts = parts,
            MinPartLength = 0,
        };
        return (await store.CompleteUploadAsync(completion, default)).IsOk;
    }
}
