using System.Globalization;
using System.Text;
using CloudLab.Storage.Blobs;
using Xunit;

namespace CloudLab.Storage.Tests.Blobs;

/// <summary>Shorter ways to say what tests say all the time.</summary>
internal static class BlobStoreExtensions
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<BlobInfo> PutAsync(this IBlobStore store, string name, byte[] bytes)
    {
        var put = await store.PutAsync(name, new MemoryStream(bytes), BlobCondition.None, Token);
        return put.Value ?? throw new InvalidOperationException(put.Error.ToString());
    }

    public static Task<BlobResult<BlobInfo>> PutAsync(this IBlobStore store, string name, byte[] bytes, BlobCondition condition) =>
        store.PutAsync(name, new MemoryStream(bytes), condition, Token);

    /// <summary>The bytes, or null if there is no such object.</summary>
    public static async Task<byte[]?> ReadAsync(this IBlobStore store, string name, BlobRange? range = null)
    {
        var got = await store.GetAsync(name, range, Token);
        if (!got.IsOk)
            return got.Error == BlobError.NotFound ? null : throw new InvalidDataException(got.Error.ToString());
        await using var content = got.Value;
        var bytes = new MemoryStream();
        await content.Content.CopyToAsync(bytes, Token);
        return bytes.ToArray();
    }

    public static async Task<List<string>> NamesAsync(this IBlobStore store, string prefix = "", string? startAfter = null)
    {
        var names = new List<string>();
        await foreach (var info in store.ListAsync(prefix, startAfter, Token))
            names.Add(info.Name);
        return names;
    }

    /// <summary>Bytes that differ by seed, and within themselves.</summary>
    public static byte[] Bytes(int length, int seed = 0)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Text(int number) => Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
