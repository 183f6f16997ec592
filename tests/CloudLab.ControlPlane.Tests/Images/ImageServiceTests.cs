using System.Security.Cryptography;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Storage.Blobs;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class ImageServiceTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task The_built_in_image_gets_one_row(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await Task.WhenAll(Enumerable.Range(0, 4)
            .Select(_ => Task.Run(() => plane.Images.EnsureBuiltInAsync("another", Architecture.Riscv64, Cancel))));
        var images = await plane.Images.ListAsync(AccountId.New(), Cancel);
        Assert.Equal(["another", "cloudlab-linux"], images.Select(image => image.Name));
        Assert.All(images, image => Assert.Equal((true, ImageState.Pending), (image.IsBuiltIn, image.State)));
        Assert.Null(await plane.Images.FindBuiltInAsync("no", Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_published_image_has_its_files_in_the_blob_store(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        ImageId id = (await plane.Images.FindBuiltInAsync("cloudlab-linux", Cancel))!.Id;
        byte[] kernel = RandomNumberGenerator.GetBytes(300_000), initramfs = RandomNumberGenerator.GetBytes(5);
        ImageDetails image = await plane.Images.PublishAsync(id, Contents(kernel, initramfs), Cancel);

        Assert.Equal((ImageState.Available, null, true), (image.State, image.StateReason, image.HasAgent));
        Assert.Equal(image, await plane.Images.FindBuiltInAsync("cloudlab-linux", Cancel));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(kernel)), image.Kernel!.Sha256);
        Assert.Equal(kernel, await ReadAsync(plane, image.Kernel));
        Assert.Equal(initramfs, await ReadAsync(plane, image.Initramfs!));
    }

    [Theory, BothDatabases]
    public async Task Publishing_again_replaces_the_files(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        ImageId id = (await plane.Images.FindBuiltInAsync("cloudlab-linux", Cancel))!.Id;
        ImageDetails first = await plane.Images.PublishAsync(id, Contents([1], [2]), Cancel);
        await plane.Images.SetStateAsync(id, ImageState.Pending, "building", Cancel);
        ImageDetails building = Ok(await plane.Images.GetAsync(plane.Account, "cloudlab-linux", Cancel));
        Assert.Equal((ImageState.Pending, "building", first.Kernel), (building.State, building.StateReason, building.Kernel));

        ImageDetails second = await plane.Images.PublishAsync(id, Contents([3], null), Cancel);
        Assert.Null(second.Initramfs);
        List<string> blobs = [];
        await foreach (BlobInfo blob in plane.Get<IBlobStore>().ListAsync("images/", null, Cancel)) blobs.Add(blob.Name);
        Assert.Equal([second.Kernel!.Blob], blobs);
    }

    [Theory, BothDatabases]
    public async Task A_failed_publication_changes_nothing(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        ImageDetails before = await plane.PublishAsync([1]);
        var contents = new ImageContents { Kernel = new MemoryStream([2]), Initramfs = new BrokenStream(), CommandLine = "" };
        await Assert.ThrowsAsync<IOException>(() => plane.Images.PublishAsync(before.Id, contents, Cancel));
        Assert.Equal(before, await plane.Images.FindBuiltInAsync("cloudlab-linux", Cancel));
    }

    private static ImageContents Contents(byte[] kernel, byte[]? initramfs) => new()
    {
        Kernel = new MemoryStream(kernel),
        Initramfs = initramfs is null ? null : new MemoryStream(initramfs),
        CommandLine = "console=ttyS0 quiet",
        HasAgent = true,
    };

    private static async Task<byte[]> ReadAsync(TestPlane plane, ImageFile file)
    {
        await using BlobContent content = (await plane.Get<IBlobStore>().GetAsync(file.Blob, null, Cancel)).Value!;
        var bytes = new MemoryStream();
        await content.Content.CopyToAsync(bytes, Cancel);
        Assert.Equal(file.Bytes, bytes.Length);
        return bytes.ToArray();
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("the disk is gone");
    }
}
