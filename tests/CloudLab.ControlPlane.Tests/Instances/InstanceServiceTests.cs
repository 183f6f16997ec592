using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Instances;

public sealed class InstanceServiceTests(SharedPostgres postgres)
{
    private static readonly byte[] Kernel = [0x73, 0, 0x50, 0x10];

    [Theory, BothDatabases]
    public async Task A_new_instance_is_pending_and_reads_back_as_it_was_answered(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        CreateInstances request = Request() with { Tags = new Dictionary<string, string> { ["b"] = "2", ["B"] = "1", ["ä"] = "" } };
        InstanceDetails created = Assert.Single(Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel)));

        Assert.Equal(InstanceState.Pending, created.State);
        Assert.Equal((1, 128L << 20), (created.Vcpus, created.MemoryBytes));
        InstanceDetails read = await plane.GetAsync(created.Id);
        Assert.Equal(created with { Tags = [], ScratchDisks = [] }, read with { Tags = [], ScratchDisks = [] });
        Assert.Equal(["B", "b", "ä"], read.Tags.Select(tag => tag.Key));
        Assert.Equal(created.Tags, read.Tags);
    }

    [Theory, BothDatabases]
    public async Task An_image_is_found_by_id_and_by_name(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        ImageDetails image = Ok(await plane.Images.GetAsync(plane.Account, "cloudlab-linux", Cancel));
        CreateInstances byId = Request() with { Image = image.Id.Value };
        Assert.Equal(image.Id, Ok(await plane.Instances.CreateAsync(plane.Account, byId, Cancel))[0].ImageId);
        foreach (string none in new[] { "Cloudlab-linux", "cloudlab", "ami-00000000000000000", "a\0b", "%", "\ud800" })
            Refused(await plane.Instances.CreateAsync(plane.Account, Request() with { Image = none }, Cancel), ErrorCode.ImageNotFound);
    }

    [Theory, BothDatabases]
    public async Task What_is_out_of_range_is_refused(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        (CreateInstances, ErrorCode)[] requests =
        [
            (Request() with { Count = 0 }, ErrorCode.InvalidParameter),
            (Request() with { MinCount = 0 }, ErrorCode.InvalidParameter),
            (Request() with { MinCount = 2 }, ErrorCode.InvalidParameter),
            (Request() with { UserData = new byte[InstanceUserData.MaxLength + 1] }, ErrorCode.InvalidParameter),
            (Request() with { ScratchDisks = [1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20] }, ErrorCode.InvalidParameter),
            (Request() with { ScratchDisks = [0] }, ErrorCode.InvalidParameter),
            (Request() with { ScratchDisks = [(1 << 20) + 512] }, ErrorCode.InvalidParameter),
            (Request() with { ScratchDisks = [long.MaxValue] }, ErrorCode.InvalidParameter),
            (Request() with { Tags = new Dictionary<string, string> { ["CloudLab:x"] = "" } }, ErrorCode.InvalidParameter),
            (Request() with { Count = 101 }, ErrorCode.InvalidParameter),
            (Request() with { Image = "" }, ErrorCode.InvalidParameter),
            (Request() with { InstanceType = "" }, ErrorCode.InvalidParameter),
            (Request() with { InstanceType = "standard.tiny" }, ErrorCode.InstanceTypeNotFound),
            (Request() with { ClientToken = "" }, ErrorCode.InvalidParameter),
            (Request() with { ClientToken = new string('x', 65) }, ErrorCode.InvalidParameter),
            (Request() with { ClientToken = "a b" }, ErrorCode.InvalidParameter),
            (Request() with { ShutdownBehavior = (ShutdownBehavior)7 }, ErrorCode.InvalidParameter),
            (Request() with { Tags = new Dictionary<string, string> { [""] = "" } }, ErrorCode.InvalidParameter),
            (Request() with { Tags = new Dictionary<string, string> { ["k"] = "a\0b" } }, ErrorCode.InvalidParameter),
            (Request() with { Tags = new Dictionary<string, string> { ["k"] = "\ud800" } }, ErrorCode.InvalidParameter),
        ];
        foreach ((CreateInstances request, ErrorCode code) in requests)
            Refused(await plane.Instances.CreateAsync(plane.Account, request, Cancel), code);
        Assert.Empty(Ok(await plane.Instances.ListAsync(plane.Account, new ListRequest(), Cancel)).Items);
    }

    [Theory, BothDatabases]
    public async Task A_client_token_creates_once(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        CreateInstances request = Request() with { Count = 3, ClientToken = "once" };
        var first = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel));
        var again = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel));
        Assert.Equal(first.Select(i => i.Id), again.Select(i => i.Id));
        Refused(await plane.Instances.CreateAsync(plane.Account, request with { Count = 2 }, Cancel), ErrorCode.IdempotentParameterMismatch);
        Assert.Equal(3, Ok(await plane.Instances.ListAsync(plane.Account, new ListRequest(), Cancel)).Items.Count);
    }

    [Theory, BothDatabases]
    public async Task A_client_token_creates_once_when_used_at_the_same_time(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        CreateInstances request = Request() with { ClientToken = "race" };
        var results = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(_ => Task.Run(() => plane.Instances.CreateAsync(plane.Account, request, Cancel))));
        Assert.Single(results.SelectMany(result => Ok(result)).Select(i => i.Id).Distinct());
    }

    [Theory, BothDatabases]
    public async Task A_refused_request_leaves_its_client_token_unused(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        CreateInstances tooMany = Request() with { InstanceType = "highmem.xlarge", ClientToken = "later" };
        Refused(await plane.Instances.CreateAsync(plane.Account, tooMany, Cancel), ErrorCode.InsufficientInstanceCapacity);
        Ok(await plane.Instances.CreateAsync(plane.Account, Request() with { ClientToken = "later" }, Cancel));
    }

    [Theory, BothDatabases]
    public async Task The_token_of_instances_that_are_gone_creates_nothing(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        CreateInstances request = Request() with { ClientToken = "gone" };
        InstanceId id = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel))[0].Id;
        await plane.Instances.TerminateAsync(plane.Account, id, Cancel);
        await plane.ChangeAsync(id, i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        plane.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(1, await plane.Hosts.RemoveExpiredAsync(Cancel));
        Refused(await plane.Instances.CreateAsync(plane.Account, request, Cancel), ErrorCode.IdempotentInstanceTerminated);
        plane.Clock.Advance(TimeSpan.FromHours(24));
        Assert.Equal(1, await plane.Hosts.RemoveExpiredAsync(Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_request_that_no_host_has_room_for_creates_nothing(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        Refused(await plane.Instances.CreateAsync(plane.Account, Request() with { Count = 9 }, Cancel), ErrorCode.InsufficientInstanceCapacity);
        await plane.CreateAsync(8);
        CloudLabError error = Refused(await plane.Instances.CreateAsync(plane.Account, Request(), Cancel), ErrorCode.InsufficientInstanceCapacity);
        Assert.True(error.IsRetryable);
        plane.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(8, Ok(await plane.Instances.ListAsync(plane.Account, new ListRequest(), Cancel)).Items.Count);
    }

    [Theory, BothDatabases]
    public async Task Without_a_live_host_or_an_available_image_nothing_is_created(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        Refused(await plane.Instances.CreateAsync(plane.Account, Request(), Cancel), ErrorCode.ImageUnavailable);
        ImageDetails image = await plane.PublishAsync(Kernel);
        Refused(await plane.Instances.CreateAsync(plane.Account, Request(), Cancel), ErrorCode.InsufficientInstanceCapacity);
        await plane.Hosts.RegisterAsync(Cancel);
        await plane.CreateAsync();
        await plane.Images.SetStateAsync(image.Id, ImageState.Unavailable, "no mirror answered", Cancel);
        CloudLabError error = Refused(await plane.Instances.CreateAsync(plane.Account, Request(), Cancel), ErrorCode.ImageUnavailable);
        Assert.Contains("no mirror answered", error.Message, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task Pages_show_each_instance_once_newest_first(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider, memory: 8UL << 30);
        List<InstanceId> created = [];
        for (int i = 0; i < 5; i++)
        {
            // Five at one moment: their ids decide.
            created.InsertRange(0, (await plane.CreateAsync(5)).Select(instance => instance.Id));
            plane.Clock.Advance(TimeSpan.FromMicroseconds(1));
        }

        List<InstanceId> listed = [];
        string? token = null;
        do
        {
            var page = Ok(await plane.Instances.ListAsync(plane.Account, new ListRequest { PageSize = 4, NextToken = token }, Cancel));
            Assert.InRange(page.Items.Count, 1, 4);
            listed.AddRange(page.Items.Select(i => i.Id));
            token = page.NextToken;
            await plane.CreateAsync();
        }
        while (token is not null);
        Assert.Equal(created, listed);
    }

    [Theory, BothDatabases]
    public async Task A_list_refuses_tokens_and_sizes_that_are_none(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        foreach (string token in new[] { "", "x", "AAAA", new string('A', 5000), "LTE6aS0wMTIzNDU2Nzg5YWJjZGVmMA", "ä" })
            Refused(await plane.Instances.ListAsync(plane.Account, new ListRequest { NextToken = token }, Cancel), ErrorCode.InvalidParameter);
        foreach (int size in new[] { 0, -1, 1001 })
            Refused(await plane.Instances.ListAsync(plane.Account, new ListRequest { PageSize = size }, Cancel), ErrorCode.InvalidParameter);
    }

    [Theory, BothDatabases]
    public async Task The_list_filters_by_the_state_that_is_shown(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        var ids = (await plane.CreateAsync(6)).Select(i => i.Id).ToArray();
        DateTimeOffset now = plane.Clock.GetUtcNow();
        foreach (InstanceId id in ids[1..5]) await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        foreach (InstanceId id in ids[2..4]) Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        await plane.ChangeAsync(ids[3], i => i.ObserveEnd(now));
        foreach (InstanceId id in ids[4..]) Ok(await plane.Instances.TerminateAsync(plane.Account, id, Cancel));
        await plane.ChangeAsync(ids[5], i => i.ObserveEnd(now));

        InstanceState[] states =
        [
            InstanceState.Pending, InstanceState.Running, InstanceState.Stopping, InstanceState.Stopped,
            InstanceState.ShuttingDown, InstanceState.Terminated,
        ];
        foreach ((InstanceId id, InstanceState state) in ids.Zip(states))
        {
            var page = Ok(await plane.Instances.ListAsync(plane.Account, Cancel, $"state={EnumText.Of(state)}"));
            InstanceDetails only = Assert.Single(page.Items);
            Assert.Equal((id, state), (only.Id, only.State));
        }

        Assert.Empty(Ok(await plane.Instances.ListAsync(plane.Account, Cancel, "instanceType=standard.medium")).Items);
    }

    [Theory, BothDatabases]
    public async Task Another_account_sees_and_changes_nothing(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        AccountId other = AccountId.New();
        Assert.Empty(Ok(await plane.Instances.ListAsync(other, new ListRequest(), Cancel)).Items);
        Refused(await plane.Instances.GetAsync(other, id, Cancel), ErrorCode.InstanceNotFound);
        Refused(await plane.Instances.StartAsync(other, id, Cancel), ErrorCode.InstanceNotFound);
        Refused(await plane.Instances.StopAsync(other, id, Cancel), ErrorCode.InstanceNotFound);
        Refused(await plane.Instances.RebootAsync(other, id, "token", Cancel), ErrorCode.InstanceNotFound);
        Refused(await plane.Instances.TerminateAsync(other, id, Cancel), ErrorCode.InstanceNotFound);
        Assert.Equal(InstanceState.Pending, (await plane.GetAsync(id)).State);
    }

    [Theory, BothDatabases]
    public async Task A_reboot_counts_once_for_each_client_token(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        Ok(await plane.Instances.RebootAsync(plane.Account, id, "r1", Cancel));
        Ok(await plane.Instances.RebootAsync(plane.Account, id, "r1", Cancel));
        Ok(await plane.Instances.RebootAsync(plane.Account, id, "r2", Cancel));
        Ok(await plane.Instances.RebootAsync(plane.Account, id, null, Cancel));
        Assert.Equal(4, (await plane.RowAsync(id)).BootGeneration);
        Refused(
            await plane.Instances.CreateAsync(plane.Account, Request() with { ClientToken = "r1" }, Cancel),
            ErrorCode.IdempotentParameterMismatch);
        Refused(await plane.Instances.RebootAsync(plane.Account, id, "", Cancel), ErrorCode.InvalidParameter);
    }

    [Theory, BothDatabases]
    public async Task Changes_at_the_same_time_all_count(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        // Four, because a write that loses five times gives up.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => plane.Instances.RebootAsync(plane.Account, id, null, Cancel))));
        Instance row = await plane.RowAsync(id);
        Assert.Equal((5, 5L), (row.BootGeneration, row.Version));
    }

    [Theory, BothDatabases]
    public async Task A_stopped_instance_starts_only_where_there_is_room(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        InstanceChange stop = Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        Assert.Equal((InstanceState.Running, InstanceState.Stopping), (stop.Previous, stop.Current));
        Refused(await plane.Instances.StartAsync(plane.Account, id, Cancel), ErrorCode.IncorrectInstanceState);
        await plane.ChangeAsync(id, i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        var others = await plane.CreateAsync(8);
        Refused(await plane.Instances.StartAsync(plane.Account, id, Cancel), ErrorCode.InsufficientInstanceCapacity);
        Ok(await plane.Instances.TerminateAsync(plane.Account, others[0].Id, Cancel));
        Assert.Equal(InstanceState.Pending, Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel)).Current);
    }

    private static CreateInstances Request() => new() { Image = "cloudlab-linux", InstanceType = "standard.small" };

    private async Task<TestPlane> ReadyAsync(DatabaseProvider provider, ulong memory = 1UL << 30)
    {
        TestPlane plane = await TestPlane.CreateAsync(
            provider, postgres, QuickOptions with { Hypervisor = QuickOptions.Hypervisor with { MemoryBudget = memory }, LeaseDuration = TimeSpan.FromDays(9) });
        await plane.PublishAsync(Kernel);
        await plane.Hosts.RegisterAsync(Cancel);
        return plane;
    }
}
