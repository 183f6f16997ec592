using System.Security.Cryptography;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Machine;
using CloudLab.Storage.Blobs;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Images.ImageRegistryTests;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class ImageUploadTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task An_uploaded_kernel_makes_its_image_available(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        ImageDetails image = await RegisterAsync(plane, StartMode.Supervisor);
        byte[] initramfs = RandomNumberGenerator.GetBytes(100), kernel = RandomNumberGenerator.GetBytes(200_000);
        kernel[0] = 0;
        Assert.Equal(ImageState.Pending, (await UploadAsync(plane, image.Id, ImagePart.Initramfs, initramfs)).Image.State);
        ImageUpload upload = Ok(await plane.Uploads.UploadAsync(
            plane.Account, image.Id.Value, ImagePart.Kernel, new MemoryStream(kernel),
            new UploadChecks(kernel.Length, Md5(kernel), SHA256.HashData(kernel)), Cancel));
        Assert.Equal((200_000, Convert.ToHexStringLower(SHA256.HashData(kernel))), (upload.File.Bytes, upload.File.Sha256));
        Assert.Equal((ImageState.Available, null), (upload.Image.State, upload.Image.StateReason));
        Assert.Equal(2, (await BlobsAsync(plane)).Count);
        ImageDetails read = Ok(await plane.Images.GetAsync(plane.Account, image.Id.Value, Cancel));
        Assert.Equal(upload.File, read.Kernel);

        await UploadAsync(plane, image.Id, ImagePart.Kernel, [1, 2, 3]);
        Assert.DoesNotContain(upload.File.Blob, await BlobsAsync(plane));
    }

    [Fact]
    public async Task Firmware_alone_is_enough_in_m_mode()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        ImageDetails image = await RegisterAsync(plane, StartMode.Machine);
        Assert.Equal(ImageState.Available, (await UploadAsync(plane, image.Id, ImagePart.Firmware, [1, 2, 3, 4])).Image.State);
    }

    [Theory]
    [InlineData("empty", ErrorCode.ImageFileInvalid)]
    [InlineData("too long", ErrorCode.ImageFileTooLarge)]
    [InlineData("cut off", ErrorCode.ImageFileInvalid)]
    [InlineData("wrong MD5", ErrorCode.ChecksumMismatch)]
    [InlineData("wrong SHA-256", ErrorCode.ChecksumMismatch)]
    [InlineData("ELF of another machine", ErrorCode.ImageFileInvalid)]
    [InlineData("ELF that ends early", ErrorCode.ImageFileInvalid)]
    [InlineData("Linux image without a place", ErrorCode.ImageFileInvalid)]
    public async Task What_is_not_as_it_should_be_leaves_nothing(string fault, ErrorCode code)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        ImageDetails image = await RegisterAsync(plane, StartMode.Supervisor);
        byte[] kernel = [1, 2, 3, 4];
        (Stream content, UploadChecks checks) = fault switch
        {
            "empty" => (new MemoryStream([]), new UploadChecks()),
            "too long" => (new EndlessStream(), new UploadChecks()),
            "cut off" => (new MemoryStream(kernel), new UploadChecks(Length: 5)),
            "wrong MD5" => (new MemoryStream(kernel), new UploadChecks(Md5: new byte[16])),
            "wrong SHA-256" => (new MemoryStream(kernel), new UploadChecks(Sha256: new byte[32])),
            "ELF of another machine" => (new MemoryStream([.. "\u007fELF\u0002\u0001"u8, .. new byte[100]]), new UploadChecks()),
            "ELF that ends early" => (new MemoryStream([.. "\u007fELF"u8]), new UploadChecks()),
            _ => (new MemoryStream(LinuxHeader(textOffset: 0)), (UploadChecks)new()),
        };
        Refused(await plane.Uploads.UploadAsync(plane.Account, image.Id.Value, ImagePart.Kernel, content, checks, Cancel), code);
        Assert.Empty(await BlobsAsync(plane));
        ImageDetails read = Ok(await plane.Images.GetAsync(plane.Account, image.Id.Value, Cancel));
        Assert.Equal((ImageState.Pending, null), (read.State, read.Kernel));
    }

    [Fact]
    public async Task A_connection_that_breaks_leaves_nothing_and_the_file_before()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        ImageDetails image = await AvailableAsync(plane);
        await Assert.ThrowsAsync<IOException>(() => plane.Uploads.UploadAsync(
            plane.Account, image.Id.Value, ImagePart.Kernel, new BrokenStream(), new UploadChecks(), Cancel));
        Assert.Equal([image.Kernel!.Blob], await BlobsAsync(plane));
        Assert.Equal(image.Kernel, Ok(await plane.Images.GetAsync(plane.Account, image.Id.Value, Cancel)).Kernel);
    }

    [Fact]
    public async Task An_image_that_is_deregistered_while_its_upload_runs_takes_no_file()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        ImageDetails image = await RegisterAsync(plane, StartMode.Supervisor);
        var content = new HookedStream(() => plane.Registry.DeregisterAsync(plane.Account, image.Id.Value, Cancel));
        Refused(
            await plane.Uploads.UploadAsync(plane.Account, image.Id.Value, ImagePart.Kernel, content, new UploadChecks(), Cancel),
            ErrorCode.ImageNotFound);
        Assert.Empty(await BlobsAsync(plane));
    }

    [Theory, BothDatabases]
    public async Task What_a_killed_process_left_of_an_upload_is_collected(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        ImageDetails image = await AvailableAsync(plane);
        // Stored, but the process died before the row was committed.
        await plane.Get<ImageBlobs>().StoreAsync(image.Id, ImagePart.Initramfs, new MemoryStream([1]), Cancel);
        await plane.Get<IBlobStore>().PutAsync("volumes/none-of-ours", new MemoryStream([1]), BlobCondition.None, Cancel);
        await plane.Get<ImageCollector>().CollectAsync(Cancel);
        Assert.Equal(3, (await BlobsAsync(plane)).Count);
        plane.Clock.Advance(TimeSpan.FromHours(2));
        await plane.Get<ImageCollector>().CollectAsync(Cancel);
        Assert.Equal([image.Kernel!.Blob, "volumes/none-of-ours"], await BlobsAsync(plane));
    }

    private static byte[] Md5(byte[] content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        hash.AppendData(content);
        return hash.GetHashAndReset();
    }

    private static async Task<ImageDetails> RegisterAsync(TestPlane plane, StartMode mode) =>
        Ok(await plane.Registry.RegisterAsync(plane.Account, new RegisterImage { Name = "toy", StartMode = mode }, Cancel));

    // Linux Documentation/arch/riscv/boot-image-header.rst
    private static byte[] LinuxHeader(byte textOffset)
    {
        byte[] header = new byte[64];
        header[9] = textOffset;
        "RSC\u0005"u8.CopyTo(header.AsSpan(56));
        return header;
    }

    private sealed class BrokenStream : MemoryStream
    {
        private bool _isBroken;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_isBroken) throw new IOException("the connection is gone");
            _isBroken = true;
            return new ValueTask<int>(1);
        }
    }

    private sealed class HookedStream(Func<Task> hook) : MemoryStream([1, 2, 3, 4])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == 0) await hook();
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.Length);
    }
}
