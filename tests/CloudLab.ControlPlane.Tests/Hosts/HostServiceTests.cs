using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Hosts;

public sealed class HostServiceTests(SharedPostgres postgres)
{
    private static readonly ControlPlaneOptions OtherHost = QuickOptions with { HostName = "host-b" };

    [Theory, BothDatabases]
    public async Task Registering_again_raises_the_epoch_and_ends_the_old_lease(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        HostLease first = await plane.Hosts.RegisterAsync(Cancel);
        Assert.True(await plane.Hosts.RenewAsync(first, Cancel));
        HostLease second = await plane.Hosts.RegisterAsync(Cancel);
        Assert.Equal(new HostLease("host-a", first.Epoch + 1), second);
        Assert.False(await plane.Hosts.RenewAsync(first, Cancel));
        Assert.True(await plane.Hosts.RenewAsync(second, Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_restart_brings_back_what_should_run_and_settles_the_rest(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        HostLease lease = await plane.Hosts.RegisterAsync(Cancel);
        InstanceId[] ids = [.. (await plane.CreateAsync(5)).Select(i => i.Id)];
        Assert.Equal(5, await plane.Hosts.PlaceAsync(lease, Cancel));
        foreach (InstanceId id in ids[1..]) await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        foreach (InstanceId id in ids[2..4]) await plane.Instances.StopAsync(plane.Account, id, Cancel);
        await plane.ChangeAsync(ids[3], i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        await plane.Instances.TerminateAsync(plane.Account, ids[4], Cancel);

        HostLease next = await plane.Hosts.RegisterAsync(Cancel);
        InstanceState[] expected =
            [InstanceState.Pending, InstanceState.Pending, InstanceState.Stopped, InstanceState.Stopped, InstanceState.Terminated];
        foreach ((InstanceId id, InstanceState state) in ids.Zip(expected)) Assert.Equal(state, (await plane.GetAsync(id)).State);
        Assert.Null((await plane.GetAsync(ids[0])).StateReason);
        Assert.Equal(StateReason.HostRestarted, (await plane.GetAsync(ids[1])).StateReason);
        Instance row = await plane.RowAsync(ids[1]);
        Assert.Equal((next.Name, next.Epoch), (row.Host, row.HostEpoch));
    }

    [Theory, BothDatabases]
    public async Task Placement_fills_a_host_oldest_first_and_never_beyond_its_memory(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        await using TestPlane other = await plane.OpenAnotherAsync(OtherHost);
        HostLease lease = await plane.Hosts.RegisterAsync(Cancel);
        HostLease otherLease = await other.Hosts.RegisterAsync(Cancel);
        InstanceId[] small = [.. (await plane.CreateAsync(6)).Select(i => i.Id)];
        plane.Clock.Advance(TimeSpan.FromSeconds(1));
        await plane.CreateAsync(1, "standard.large");
        Assert.Equal(6, await plane.Hosts.PlaceAsync(lease, Cancel));
        Assert.Equal(0, await plane.Hosts.PlaceAsync(lease, Cancel));
        foreach (InstanceId id in small) Assert.Equal("host-a", (await plane.RowAsync(id)).Host);
        Assert.Equal(1, await other.Hosts.PlaceAsync(otherLease, Cancel));
        // Stopping, it still holds its memory.
        await plane.ChangeAsync(small[0], i => i.ObserveBoot(1));
        await plane.Instances.StopAsync(plane.Account, small[0], Cancel);
        await plane.CreateAsync(3);
        Assert.Equal(2, await plane.Hosts.PlaceAsync(lease, Cancel));
    }

    [Theory, BothDatabases]
    public async Task Placement_never_goes_beyond_a_hosts_vcpus(DatabaseProvider provider)
    {
        // Two workers, one and a half vCPUs for each.
        await using TestPlane plane = await ReadyAsync(provider, QuickOptions with { VcpuOvercommit = 1.5 });
        HostLease lease = await plane.Hosts.RegisterAsync(Cancel);
        InstanceId large = (await plane.CreateAsync(1, "highcpu.medium"))[0].Id;
        InstanceId small = (await plane.CreateAsync())[0].Id;
        Assert.Equal(2, await plane.Hosts.PlaceAsync(lease, Cancel));
        var refused = await plane.Instances.CreateAsync(
            plane.Account, new CreateInstances { Image = "cloudlab-linux", InstanceType = "standard.small", Count = 1 }, Cancel);
        Assert.Equal(ErrorCode.InsufficientInstanceCapacity, refused.Error?.Code);
        await plane.Instances.TerminateAsync(plane.Account, small, Cancel);
        await plane.ChangeAsync(small, i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        Assert.Equal("host-a", (await plane.RowAsync(large)).Host);
        await plane.CreateAsync();
        Assert.Equal(1, await plane.Hosts.PlaceAsync(lease, Cancel));
    }

    [Theory, BothDatabases]
    public async Task Hosts_that_place_at_the_same_time_share_without_overlap(DatabaseProvider provider)
    {
        ControlPlaneOptions roomy = QuickOptions with { Hypervisor = QuickOptions.Hypervisor with { MemoryBudget = 1UL << 40 } };
        await using TestPlane a = await ReadyAsync(provider, roomy);
        await using TestPlane b = await a.OpenAnotherAsync(roomy with { HostName = "host-b" });
        HostLease leaseA = await a.Hosts.RegisterAsync(Cancel);
        HostLease leaseB = await b.Hosts.RegisterAsync(Cancel);
        await a.CreateAsync(60);
        int[] placed = await Task.WhenAll(
            Task.Run(() => a.Hosts.PlaceAsync(leaseA, Cancel)), Task.Run(() => b.Hosts.PlaceAsync(leaseB, Cancel)));
        // On PostgreSQL a host passes over rows that the other is claiming; the next pass takes them if they stay free.
        int rest = await a.Hosts.PlaceAsync(leaseA, Cancel);
        Assert.Equal(60, placed.Sum() + rest);
        await using CloudLabDbContext db = await a.Contexts.CreateDbContextAsync(Cancel);
        Assert.Equal(placed[0] + rest, await db.Instances.CountAsync(i => i.Host == "host-a", Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_host_whose_lease_has_passed_places_nothing(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        HostLease stale = await plane.Hosts.RegisterAsync(Cancel);
        HostLease lease = await plane.Hosts.RegisterAsync(Cancel);
        await plane.CreateAsync(2);
        Assert.Equal(0, await plane.Hosts.PlaceAsync(stale, Cancel));
        Assert.Equal(2, await plane.Hosts.PlaceAsync(lease, Cancel));
    }

    [Theory, BothDatabases]
    public async Task What_no_host_has_room_for_is_refused_and_what_should_end_ends(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        await plane.Hosts.RegisterAsync(Cancel);
        InstanceId refused = (await plane.CreateAsync(1, "standard.xlarge"))[0].Id;
        InstanceId terminated = (await CreateBesideAsync(plane))[0].Id;
        await plane.Instances.TerminateAsync(plane.Account, terminated, Cancel);
        Assert.Equal(1, await plane.Hosts.SettleUnplacedAsync(Cancel));
        Assert.Equal(InstanceState.Terminated, (await plane.GetAsync(terminated)).State);
        Assert.Equal(InstanceState.Pending, (await plane.GetAsync(refused)).State);

        // The host comes back with less memory than was promised.
        await using TestPlane small = await plane.OpenAnotherAsync(
            QuickOptions with { Hypervisor = QuickOptions.Hypervisor with { MemoryBudget = 512 << 20 } });
        await small.Hosts.RegisterAsync(Cancel);
        Assert.Equal(1, await plane.Hosts.SettleUnplacedAsync(Cancel));
        InstanceDetails details = await plane.GetAsync(refused);
        Assert.Equal((InstanceState.Terminated, "Server.InsufficientInstanceCapacity"), (details.State, details.StateReason?.Code));
        Assert.Equal(0, await plane.Hosts.SettleUnplacedAsync(Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_lost_host_is_fenced_and_its_instances_move(DatabaseProvider provider)
    {
        await using TestPlane a = await ReadyAsync(provider);
        await using TestPlane b = await a.OpenAnotherAsync(OtherHost);
        HostLease leaseA = await a.Hosts.RegisterAsync(Cancel);
        InstanceId[] ids = [.. (await a.CreateAsync(3)).Select(i => i.Id)];
        await a.Hosts.PlaceAsync(leaseA, Cancel);
        foreach (InstanceId id in ids) await a.ChangeAsync(id, i => i.ObserveBoot(1));
        await a.Instances.StopAsync(a.Account, ids[1], Cancel);
        await a.Instances.TerminateAsync(a.Account, ids[2], Cancel);

        HostLease leaseB = await b.Hosts.RegisterAsync(Cancel);
        Assert.Equal(0, await b.Hosts.TakeOverExpiredAsync(leaseB, Cancel));
        a.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.True(await b.Hosts.RenewAsync(leaseB, Cancel));
        Assert.Equal(3, await b.Hosts.TakeOverExpiredAsync(leaseB, Cancel));
        Assert.Equal(0, await b.Hosts.TakeOverExpiredAsync(leaseB, Cancel));
        Assert.False(await a.Hosts.RenewAsync(leaseA, Cancel));
        Assert.Equal(1, await b.Hosts.PlaceAsync(leaseB, Cancel));

        Instance moved = await a.RowAsync(ids[0]);
        Assert.Equal(("host-b", InstanceState.Pending, "Server.HostLost"), (moved.Host, moved.State, moved.ReasonCode));
        Assert.Equal(InstanceState.Stopped, (await a.GetAsync(ids[1])).State);
        Assert.Equal(InstanceState.Terminated, (await a.GetAsync(ids[2])).State);
        // A stopped instance that nobody has can be started again.
        Ok(await a.Instances.StartAsync(a.Account, ids[1], Cancel));
        Assert.Equal(1, await b.Hosts.PlaceAsync(leaseB, Cancel));
    }

    [Theory, BothDatabases]
    public async Task Terminated_instances_are_shown_for_an_hour(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        await plane.Hosts.RegisterAsync(Cancel);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.Instances.TerminateAsync(plane.Account, id, Cancel);
        await plane.Hosts.SettleUnplacedAsync(Cancel);
        plane.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(0, await plane.Hosts.RemoveExpiredAsync(Cancel));
        plane.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await plane.Hosts.RemoveExpiredAsync(Cancel));
        Refused(await plane.Instances.GetAsync(plane.Account, id, Cancel), ErrorCode.InstanceNotFound);
    }

    // Beside one that fills the host nothing more would be accepted; another's request at the same moment might be.
    private static async Task<IReadOnlyList<InstanceDetails>> CreateBesideAsync(TestPlane plane)
    {
        await using TestPlane roomy = await plane.OpenAnotherAsync(OtherHost);
        await roomy.Hosts.RegisterAsync(Cancel);
        var created = await plane.CreateAsync();
        plane.Clock.Advance(QuickOptions.LeaseDuration);
        await plane.Hosts.RegisterAsync(Cancel);
        return created;
    }

    private async Task<TestPlane> ReadyAsync(DatabaseProvider provider, ControlPlaneOptions? options = null)
    {
        TestPlane plane = await TestPlane.CreateAsync(provider, postgres, options);
        await plane.PublishAsync([1]);
        return plane;
    }
}
