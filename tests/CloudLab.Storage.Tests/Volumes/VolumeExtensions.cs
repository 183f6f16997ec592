using CloudLab.Storage.Volumes;
using Xunit;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>What a test says in one line.</summary>
internal static class VolumeExtensions
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static byte[] Pattern(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task WriteAsync(this Volume volume, ulong offset, byte[] bytes) =>
        Assert.Null(await volume.WriteAsync(offset, [bytes], Token));

    public static async Task<byte[]> ReadAsync(this Volume volume, ulong offset, int length)
    {
        var bytes = new byte[length];
        Assert.Null(await volume.ReadAsync(offset, [bytes], Token));
        return bytes;
    }

    public static async Task FlushAsync(this Volume volume) => Assert.Null(await volume.FlushAsync(Token));

    public static async Task DrainAsync(this Volume volume) => Assert.Null(await volume.DrainAsync(Token));

    public static async Task CloseAsync(this Volume volume) => Assert.Null(await volume.CloseAsync(Token));

    /// <summary>Takes a snapshot and waits until it is completed.</summary>
    public static async Task SnapshotAsync(this Volume volume, VolumeStore store, string id)
    {
        Assert.Null(await volume.SnapshotAsync(id, Token));
        await volume.DrainAsync();
        Assert.True((await store.GetSnapshotAsync(new(volume.Id, id), Token))!.IsCompleted);
    }
}
