using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Images.ImageRegistryTests;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class DeregisteredImageTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task Files_stay_for_the_instances_that_there_are_and_the_row_until_none_is_shown(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.Hosts.RegisterAsync(Cancel);
        ImageDetails image = await AvailableAsync(plane);
        var request = new CreateInstances { Image = image.Id.Value, InstanceType = "standard.small" };
        InstanceId id = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel))[0].Id;

        Assert.Equal(ImageState.Deregistered, Ok(await plane.Registry.DeregisterAsync(plane.Account, image.Id.Value, Cancel)).State);
        Refused(await plane.Registry.DeregisterAsync(plane.Account, image.Id.Value, Cancel), ErrorCode.ImageNotFound);
        Refused(await plane.Instances.CreateAsync(plane.Account, request, Cancel), ErrorCode.ImageNotFound);
        Assert.DoesNotContain(await plane.Images.ListAsync(plane.Account, Cancel), i => i.Id == image.Id);
        await CollectAfterAsync(plane, TimeSpan.FromMinutes(2));
        Assert.Equal([image.Kernel!.Blob], await BlobsAsync(plane));

        await plane.ChangeAsync(id, i =>
        {
            i.RequestTerminate();
            i.ObserveEnd(plane.Time.GetUtcNow());
        });
        await CollectAfterAsync(plane, TimeSpan.FromMinutes(2));
        Assert.Empty(await BlobsAsync(plane));
        Assert.True(await IsThereAsync(plane, image.Id));

        plane.Clock.Advance(TimeSpan.FromHours(1));
        await plane.Hosts.RemoveExpiredAsync(Cancel);
        await CollectAfterAsync(plane, TimeSpan.Zero);
        Assert.False(await IsThereAsync(plane, image.Id));
    }

    [Fact]
    public async Task A_running_instance_goes_on_and_starts_again()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres, time: TimeProvider.System);
        await plane.StartHostAsync();
        ImageDetails image = await AvailableAsync(plane, GuestProgram.Idle);
        var request = new CreateInstances { Image = image.Id.Value, InstanceType = "standard.small" };
        InstanceId id = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel))[0].Id;
        await plane.UntilAsync(id, InstanceState.Running);
        Ok(await plane.Registry.DeregisterAsync(plane.Account, image.Id.Value, Cancel));
        Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, InstanceState.Stopped);
        Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, InstanceState.Running);
    }

    private static Task CollectAfterAsync(TestPlane plane, TimeSpan time)
    {
        plane.Clock.Advance(time);
        return plane.Get<ImageCollector>().CollectAsync(Cancel);
    }

    private static async Task<bool> IsThereAsync(TestPlane plane, ImageId id)
    {
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        return await db.Images.AnyAsync(i => i.Id == id, Cancel);
    }
}
