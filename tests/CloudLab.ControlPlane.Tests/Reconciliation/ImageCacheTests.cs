using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Storage.Blobs;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Reconciliation;

public sealed class ImageCacheTests(SharedPostgres postgres)
{
    private const int FileBytes = 64 << 20;

    [Fact]
    public async Task Files_that_no_machine_uses_are_kept_up_to_a_limit_and_the_oldest_goes_first()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        ImageCache cache = plane.Get<ImageCache>();
        ImageFile[] files = [.. Enumerable.Range(0, 4).Select(n => new ImageFile($"images/{n}", FileBytes, ""))];
        foreach (ImageFile file in files)
            await plane.Get<IBlobStore>().PutAsync(file.Blob, new MemoryStream(new byte[FileBytes]), BlobCondition.None, Cancel);

        using (ImageLease used = (await cache.LoadAsync(files[0], Cancel))!)
        {
            using ImageLease again = (await cache.LoadAsync(files[0], Cancel))!;
            Assert.Same(used.Image, again.Image);
            foreach (ImageFile file in files[1..]) (await cache.LoadAsync(file, Cancel))!.Dispose();
            Assert.Equal(3UL * FileBytes, cache.IdleBytes);
        }

        // The first is idle now as well, and the second makes room for it.
        Assert.Equal(ImageCache.MaxIdleBytes, cache.IdleBytes);
        foreach (ImageFile file in files) await plane.Get<IBlobStore>().DeleteAsync(file.Blob, Cancel);
        Assert.Null(await cache.LoadAsync(files[1], Cancel));
        Assert.NotNull(await cache.LoadAsync(files[0], Cancel));
    }
}
