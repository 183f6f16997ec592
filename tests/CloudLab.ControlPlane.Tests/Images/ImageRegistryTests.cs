using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Machine;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class ImageRegistryTests(SharedPostgres postgres)
{
    private static readonly byte[] Flat = [0x73, 0x00, 0x50, 0x10];

    [Theory, BothDatabases]
    public async Task A_registered_image_waits_for_its_kernel(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        var request = new RegisterImage
        {
            Name = "toy",
            StartMode = StartMode.Machine,
            CommandLine = "quiet",
            Tags = new Dictionary<string, string> { ["course"] = "os" },
        };
        ImageDetails image = Ok(await plane.Registry.RegisterAsync(plane.Account, request, Cancel));
        Assert.Equal((ImageState.Pending, StartMode.Machine, "quiet"), (image.State, image.StartMode, image.CommandLine));
        Assert.Contains("kernel or firmware", image.StateReason, StringComparison.Ordinal);
        Assert.Equal("os", Assert.Single(image.Tags).Value);
        ImageDetails read = Ok(await plane.Images.GetAsync(plane.Account, image.Id.Value, Cancel));
        Assert.Equal((image.Name, image.State, plane.Account), (read.Name, read.State, read.Owner));

        var start = new CreateInstances { Image = image.Id.Value, InstanceType = "standard.small" };
        CloudLabError refused = Refused(await plane.Instances.CreateAsync(plane.Account, start, Cancel), ErrorCode.ImageUnavailable);
        Assert.Contains("still to be uploaded", refused.Message, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task A_client_token_registers_and_copies_once(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        var request = new RegisterImage { Name = "toy", ClientToken = "once" };
        ImageDetails first = Ok(await plane.Registry.RegisterAsync(plane.Account, request, Cancel));
        Assert.Equal(first.Id, Ok(await plane.Registry.RegisterAsync(plane.Account, request, Cancel)).Id);
        Refused(
            await plane.Registry.RegisterAsync(plane.Account, request with { Name = "other" }, Cancel), ErrorCode.IdempotentParameterMismatch);
        await UploadAsync(plane, first.Id, ImagePart.Kernel, Flat);
        var copy = new CopyImage { ClientToken = "copy-once" };
        ImageDetails copied = Ok(await plane.Registry.CopyAsync(plane.Account, first.Id.Value, copy, Cancel));
        Assert.Equal(copied.Id, Ok(await plane.Registry.CopyAsync(plane.Account, first.Id.Value, copy, Cancel)).Id);
        // Names are labels.
        Assert.NotEqual(first.Id, Ok(await plane.Registry.RegisterAsync(plane.Account, request with { ClientToken = null }, Cancel)).Id);
        // As long as the image is there its token keeps its meaning.
        plane.Clock.Advance(TimeSpan.FromDays(2));
        await plane.Hosts.RemoveExpiredAsync(Cancel);
        Assert.Equal(first.Id, Ok(await plane.Registry.RegisterAsync(plane.Account, request, Cancel)).Id);
    }

    [Theory]
    [InlineData("", "", "name")]
    [InlineData("a\u0000b", "", "name")]
    [InlineData("toy", "line\nfeed", "command line")]
    public async Task What_breaks_the_rules_is_refused_by_name(string name, string commandLine, string named)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        var request = new RegisterImage { Name = name, CommandLine = commandLine };
        CloudLabError error = Refused(await plane.Registry.RegisterAsync(plane.Account, request, Cancel), ErrorCode.InvalidParameter);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task A_shared_image_can_be_used_and_copied_by_those_it_is_shared_with_and_changed_by_nobody_else(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        AccountId friend = await AddAccountAsync(plane, "friend"), stranger = await AddAccountAsync(plane, "stranger");
        ImageDetails image = await AvailableAsync(plane);
        Refused(await plane.Images.GetAsync(friend, image.Id.Value, Cancel), ErrorCode.ImageNotFound);

        ImageDetails shared = Ok(await plane.Registry.ShareAsync(
            plane.Account, image.Id.Value, new ImageSharing([friend, plane.Account], IsPublic: false), Cancel));
        Assert.Equal([friend], shared.Sharing!.Accounts);
        ImageDetails seen = Ok(await plane.Images.GetAsync(friend, image.Id.Value, Cancel));
        Assert.Null(seen.Sharing);
        Refused(await plane.Images.GetAsync(stranger, image.Id.Value, Cancel), ErrorCode.ImageNotFound);
        Refused(await plane.Registry.DeregisterAsync(friend, image.Id.Value, Cancel), ErrorCode.ImageNotOwned);
        Refused(await plane.Registry.ShareAsync(friend, image.Id.Value, new ImageSharing([], true), Cancel), ErrorCode.ImageNotOwned);
        Refused(await plane.Registry.DeregisterAsync(stranger, image.Id.Value, Cancel), ErrorCode.ImageNotFound);
        ImageDetails copy = Ok(await plane.Registry.CopyAsync(friend, image.Id.Value, new CopyImage { Name = "mine" }, Cancel));
        Assert.Equal((ImageState.Available, "mine", friend, image.Kernel), (copy.State, copy.Name, copy.Owner, copy.Kernel));

        Ok(await plane.Registry.ShareAsync(plane.Account, image.Id.Value, new ImageSharing([], IsPublic: true), Cancel));
        Ok(await plane.Images.GetAsync(stranger, image.Id.Value, Cancel));
        Ok(await plane.Registry.ShareAsync(plane.Account, image.Id.Value, new ImageSharing([], IsPublic: false), Cancel));
        Refused(await plane.Images.GetAsync(friend, image.Id.Value, Cancel), ErrorCode.ImageNotFound);
        Ok(await plane.Images.GetAsync(friend, copy.Id.Value, Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_built_in_image_is_copied_but_not_changed(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        Refused(await plane.Registry.CopyAsync(plane.Account, "cloudlab-linux", new CopyImage(), Cancel), ErrorCode.ImageUnavailable);
        ImageDetails builtIn = await plane.PublishAsync(Flat);
        Refused(await plane.Registry.DeregisterAsync(plane.Account, "cloudlab-linux", Cancel), ErrorCode.ImageNotOwned);
        ImageDetails copy = Ok(await plane.Registry.CopyAsync(plane.Account, "cloudlab-linux", new CopyImage(), Cancel));
        Assert.Equal("console=ttyS0", copy.CommandLine);

        // A new version of the source takes nothing from the copy.
        await plane.PublishAsync([.. Flat, 0]);
        Assert.Contains(builtIn.Kernel!.Blob, await BlobsAsync(plane));
        Ok(await plane.Registry.DeregisterAsync(plane.Account, copy.Id.Value, Cancel));
        plane.Clock.Advance(TimeSpan.FromMinutes(2));
        await plane.Get<ImageCollector>().CollectAsync(Cancel);
        Assert.DoesNotContain(builtIn.Kernel.Blob, await BlobsAsync(plane));
        Assert.Single(await BlobsAsync(plane));
    }

    [Theory, BothDatabases]
    public async Task Copies_made_while_the_source_changes_have_files_that_are_there(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        ImageDetails source = await AvailableAsync(plane);
        Task<ImageDetails[]> copies = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            Ok(await plane.Registry.CopyAsync(plane.Account, source.Id.Value, new CopyImage(), Cancel)))));
        for (byte n = 0; n < 4; n++) await UploadAsync(plane, source.Id, ImagePart.Kernel, [.. Flat, n]);
        ImageDetails[] made = await copies;
        HashSet<string> stored = [.. await BlobsAsync(plane)];
        Assert.All(made, copy => Assert.Contains(copy.Kernel!.Blob, stored));
    }

    internal static async Task<ImageDetails> AvailableAsync(TestPlane plane, byte[]? kernel = null)
    {
        ImageDetails image = Ok(await plane.Registry.RegisterAsync(plane.Account, new RegisterImage { Name = "toy" }, Cancel));
        return (await UploadAsync(plane, image.Id, ImagePart.Kernel, kernel ?? Flat)).Image;
    }

    internal static async Task<ImageUpload> UploadAsync(TestPlane plane, ImageId id, ImagePart part, byte[] content) =>
        Ok(await plane.Uploads.UploadAsync(plane.Account, id.Value, part, new MemoryStream(content), new UploadChecks(), Cancel));

    internal static async Task<List<string>> BlobsAsync(TestPlane plane)
    {
        List<string> names = [];
        await foreach (var blob in plane.Get<CloudLab.Storage.Blobs.IBlobStore>().ListAsync("", null, Cancel)) names.Add(blob.Name);
        return names;
    }

    private static async Task<AccountId> AddAccountAsync(TestPlane plane, string name) =>
        Ok(await plane.Accounts.CreateAsync(null, new CreateAccount { Name = name }, Cancel)).Account.Id;
}
