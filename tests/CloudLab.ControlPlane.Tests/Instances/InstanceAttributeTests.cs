using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Instances;

public sealed class InstanceAttributeTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task Tags_are_merged_replaced_and_removed_and_each_change_is_a_version(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        InstanceDetails merged = Ok(await ModifyAsync(plane, id, Tags(("a", "1"), ("b", "2"), ("none", null))));
        Assert.Equal([new("a", "1"), new("b", "2")], merged.Tags);
        Assert.Equal(2, merged.Version);
        merged = Ok(await ModifyAsync(plane, id, Tags(("a", null), ("c", "3"), ("b", "4"))));
        Assert.Equal([new("b", "4"), new("c", "3")], merged.Tags);
        InstanceDetails read = await plane.GetAsync(id);
        Assert.Equal(merged.Tags, read.Tags);
        Assert.Equal((3, 3), (merged.Version, read.Version));

        var set = new Dictionary<string, string> { ["d"] = "5", ["b"] = "6" };
        Assert.Equal(
            [new("b", "6"), new("d", "5")], Ok(await plane.Attributes.SetTagsAsync(plane.Account, id, set, Precondition.None, Cancel)).Tags);
        Assert.Equal(
            [new("b", "6")],
            Ok(await plane.Attributes.RemoveTagsAsync(plane.Account, id, ["d", "none"], Precondition.None, Cancel)).Tags);
        Assert.Empty(Ok(await plane.Attributes.RemoveTagsAsync(plane.Account, id, null, Precondition.None, Cancel)).Tags);
        Assert.Equal(6, (await plane.GetAsync(id)).Version);

        var many = Enumerable.Range(0, 51).ToDictionary(i => $"k{i}", _ => "");
        Refused(await plane.Attributes.SetTagsAsync(plane.Account, id, many, Precondition.None, Cancel), ErrorCode.InvalidParameter);
        Refused(await ModifyAsync(plane, id, Tags(("cloudlab:own", "x"))), ErrorCode.InvalidParameter);
        Refused(
            await plane.Attributes.SetTagsAsync(AccountId.New(), id, set, Precondition.None, Cancel), ErrorCode.InstanceNotFound);
        Assert.Equal(6, (await plane.GetAsync(id)).Version);
    }

    [Theory, BothDatabases]
    public async Task A_change_is_made_only_of_the_version_it_is_meant_for(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        ModifyInstance change = new() { ShutdownBehavior = ShutdownBehavior.Terminate };
        Refused(
            await plane.Attributes.ModifyAsync(plane.Account, id, change, new Precondition([2, 7]), Cancel), ErrorCode.PreconditionFailed);
        Refused(await plane.Instances.TerminateAsync(plane.Account, id, new Precondition([]), Cancel), ErrorCode.PreconditionFailed);
        Assert.Equal(1, (await plane.GetAsync(id)).Version);
        InstanceDetails changed = Ok(await plane.Attributes.ModifyAsync(plane.Account, id, change, new Precondition([1]), Cancel));
        Assert.Equal((2, ShutdownBehavior.Terminate), (changed.Version, changed.ShutdownBehavior));
        Ok(await plane.Instances.TerminateAsync(plane.Account, id, new Precondition([2]), Cancel));
        Refused(await ModifyAsync(plane, id, change), ErrorCode.IncorrectInstanceState);
    }

    [Theory, BothDatabases]
    public async Task The_type_changes_while_the_instance_is_stopped_and_all_of_a_change_is_made_or_none(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        ModifyInstance change = Tags(("a", "1")) with { InstanceType = "highcpu.medium", DisableApiStop = true };
        Refused(await ModifyAsync(plane, id, change), ErrorCode.IncorrectInstanceState);
        InstanceDetails same = await plane.GetAsync(id);
        Assert.Equal(("standard.small", false, 0), (same.InstanceType, same.DisableApiStop, same.Tags.Count));
        await StopAsync(plane, id);
        Refused(await ModifyAsync(plane, id, change with { InstanceType = "standard.tiny" }), ErrorCode.InstanceTypeNotFound);
        InstanceDetails changed = Ok(await ModifyAsync(plane, id, change));
        Assert.Equal(("highcpu.medium", 2, true), (changed.InstanceType, changed.Vcpus, changed.DisableApiStop));
        Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
        Refused(await plane.Instances.StopAsync(plane.Account, id, Cancel), ErrorCode.OperationNotPermitted);
    }

    [Theory, BothDatabases]
    public async Task User_data_reads_back_and_is_the_accounts_own(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        byte[] data = [.. Enumerable.Range(0, InstanceUserData.MaxLength).Select(i => (byte)i)];
        CreateInstances request = new() { Image = "cloudlab-linux", InstanceType = "standard.small", Count = 2, UserData = data };
        foreach (InstanceDetails instance in Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel)))
        {
            Assert.Equal(data, Ok(await plane.Attributes.ReadUserDataAsync(plane.Account, instance.Id, Cancel)));
            Refused(await plane.Attributes.ReadUserDataAsync(AccountId.New(), instance.Id, Cancel), ErrorCode.InstanceNotFound);
        }

        Assert.Empty(Ok(await plane.Attributes.ReadUserDataAsync(plane.Account, (await plane.CreateAsync())[0].Id, Cancel)));
    }

    [Theory, BothDatabases]
    public async Task Transitions_tell_when_and_why_the_state_changed_and_the_last_hundred_stay(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        DateTimeOffset created = plane.Clock.GetUtcNow();
        plane.Clock.Advance(TimeSpan.FromSeconds(1));
        await StopAsync(plane, id);
        var list = Ok(await plane.Attributes.ReadTransitionsAsync(plane.Account, id, Cancel));
        Assert.Equal(
            [
                (3, InstanceState.Stopping, InstanceState.Stopped),
                (2, InstanceState.Running, InstanceState.Stopping),
                (1, InstanceState.Pending, InstanceState.Running),
                (0, (InstanceState?)null, InstanceState.Pending),
            ],
            list.Select(t => (t.Sequence, t.From, t.To)));
        Assert.Equal((StateReason.UserInitiatedShutdown, (StateReason?)null), (list[0].Reason, list[2].Reason));
        Assert.Equal((created.AddSeconds(1), created), (list[0].At, list[3].At));
        Assert.Equal(created.AddSeconds(1), (await plane.GetAsync(id)).StateChangedAt);
        Refused(await plane.Attributes.ReadTransitionsAsync(AccountId.New(), id, Cancel), ErrorCode.InstanceNotFound);

        for (int i = 0; i < 30; i++)
        {
            Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
            await StopAsync(plane, id);
        }

        list = Ok(await plane.Attributes.ReadTransitionsAsync(plane.Account, id, Cancel));
        Assert.Equal(Enumerable.Range(24, 100).Reverse(), list.Select(t => t.Sequence));
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        Assert.Equal(InstanceTransition.MaxPerInstance, await db.InstanceTransitions.CountAsync(Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_check_tells_since_when_it_says_so(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        plane.Clock.Advance(TimeSpan.FromSeconds(5));
        DateTimeOffset at = plane.Clock.GetUtcNow();
        await plane.ChangeAsync(id, i => i.ObserveChecks(new InstanceChecks(CheckStatus.Impaired, CheckStatus.NotAvailable, IsShortOfMemory: false)));
        plane.Clock.Advance(TimeSpan.FromSeconds(5));
        await plane.ChangeAsync(id, i => i.ObserveChecks(new InstanceChecks(CheckStatus.Impaired, CheckStatus.Passed, IsShortOfMemory: false)));
        InstanceDetails details = await plane.GetAsync(id);
        Assert.Equal((at, at.AddSeconds(5)), (details.SystemCheckChangedAt, details.InstanceCheckChangedAt));
    }

    private static async Task StopAsync(TestPlane plane, InstanceId id)
    {
        await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        await plane.ChangeAsync(id, i => i.ObserveEnd(plane.Clock.GetUtcNow()));
    }

    private static Task<Result<InstanceDetails>> ModifyAsync(TestPlane plane, InstanceId id, ModifyInstance change) =>
        plane.Attributes.ModifyAsync(plane.Account, id, change, Precondition.None, Cancel);

    private static ModifyInstance Tags(params (string Key, string? Value)[] tags) =>
        new() { Tags = tags.ToDictionary(tag => tag.Key, tag => tag.Value) };

    private async Task<TestPlane> ReadyAsync(DatabaseProvider provider)
    {
        TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        return plane;
    }
}
