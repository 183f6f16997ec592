using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Machine;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Reconciliation;

/// <summary>What becomes of machines when their host restarts, is cut off from the database, or loses its lease.</summary>
public sealed class HostLifeTests(SharedPostgres postgres)
{
    // The least that the options take, so that a lease can run out within a test.
    private static readonly ControlPlaneOptions BriefLease = QuickOptions with { LeaseDuration = TimeSpan.FromSeconds(1) };

    [Theory, BothDatabases]
    public async Task After_a_restart_what_should_run_runs_again_with_a_reason(DatabaseProvider provider)
    {
        await using TestPlane before = await RunningAsync(provider, QuickOptions);
        InstanceId[] ids = [.. (await before.CreateAsync(2)).Select(i => i.Id)];
        foreach (InstanceId id in ids) await before.UntilAsync(id, InstanceState.Running);
        Ok(await before.Instances.StopAsync(before.Account, ids[1], Cancel));
        await before.UntilAsync(ids[1], InstanceState.Stopped);
        await before.StopAsync();

        await using TestPlane after = await before.ReopenAsync(QuickOptions);
        Assert.Equal(InstanceState.Running, (await after.GetAsync(ids[0])).State);
        await after.StartHostAsync();
        InstanceDetails back = await after.UntilAsync(ids[0], i => i.State == InstanceState.Running && i.StateReason is not null);
        Assert.Equal(StateReason.HostRestarted, back.StateReason);
        await Eventually.HoldsAsync(async () => (await after.Host.ReadMetricsAsync(ids[0], Cancel))?.Instructions > 0);
        Assert.Equal(InstanceState.Stopped, (await after.GetAsync(ids[1])).State);
    }

    [Fact]
    public async Task A_host_with_less_memory_than_before_refuses_what_does_not_fit()
    {
        await using TestPlane before = await RunningAsync(DatabaseProvider.Sqlite, QuickOptions);
        InstanceId[] ids = [.. (await before.CreateAsync(2)).Select(i => i.Id)];
        foreach (InstanceId id in ids) await before.UntilAsync(id, InstanceState.Running);
        await before.StopAsync();

        ControlPlaneOptions smaller = QuickOptions with { Hypervisor = QuickOptions.Hypervisor with { MemoryBudget = 200 << 20 } };
        await using TestPlane after = await before.ReopenAsync(smaller);
        await after.StartHostAsync();
        InstanceState[] ends = await Task.WhenAll(ids.Select(async id =>
            (await after.UntilAsync(id, i => i.State == InstanceState.Stopped || i is { State: InstanceState.Running, SystemCheck: CheckStatus.Passed })).State));
        Assert.Equal([InstanceState.Running, InstanceState.Stopped], ends.Order());
        InstanceDetails refused = await after.GetAsync(ids[Array.IndexOf(ends, InstanceState.Stopped)]);
        Assert.Equal("Server.InsufficientInstanceCapacity", refused.StateReason?.Code);
    }

    [Fact]
    public async Task A_host_that_cannot_renew_pauses_its_machines_until_it_can()
    {
        await using TestPlane plane = await RunningAsync(DatabaseProvider.Sqlite, BriefLease);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.UntilAsync(id, InstanceState.Running);
        HostLease lease = plane.Get<HostSession>().Lease!;

        await using (CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel))
        await using (await db.BeginWriteAsync(Cancel))
        {
            // Nobody else can write: no renewal comes through.
            await Eventually.HoldsAsync(() => MachineOf(plane, id)?.Status.State == MachineState.Paused);
            Assert.False(plane.Get<HostSession>().MayAct);
        }

        await Eventually.HoldsAsync(() => MachineOf(plane, id)?.Status.State == MachineState.Running);
        Assert.Equal(lease, plane.Get<HostSession>().Lease);
        Assert.Equal(InstanceState.Running, (await plane.GetAsync(id)).State);
    }

    [Theory, BothDatabases]
    public async Task A_host_whose_instances_were_taken_discards_its_machines(DatabaseProvider provider)
    {
        await using TestPlane a = await RunningAsync(provider, BriefLease);
        InstanceId id = (await a.CreateAsync())[0].Id;
        await a.UntilAsync(id, InstanceState.Running);
        long epoch = a.Get<HostSession>().Lease!.Epoch;

        // As another host would, had this one been silent for long enough.
        await a.Contexts.WriteAsync(
            async (db, ct) =>
            {
                (await db.Hosts.SingleAsync(h => h.Name == "host-a", ct)).Fence();
                Instance row = await db.Instances.SingleAsync(i => i.Id == id, ct);
                row.Release(DateTimeOffset.UnixEpoch);
                row.PlaceOn(new HostLease("host-b", 1));
                return row;
            },
            Cancel);

        await Eventually.HoldsAsync(() => MachineOf(a, id) is null && a.Get<Hypervisor>().MemoryInUse == 0);
        await Eventually.HoldsAsync(() => a.Get<HostSession>().Lease?.Epoch == epoch + 2);
        Instance after = await a.RowAsync(id);
        Assert.Equal(("host-b", 1L, ObservedState.Pending), (after.Host, after.HostEpoch, after.Observed));
    }

    [Theory, BothDatabases]
    public async Task A_clock_that_jumps_an_hour_forth_and_back_costs_no_lease_and_no_machine(DatabaseProvider provider)
    {
        var time = new JumpingTime();
        await using TestPlane plane = await RunningAsync(provider, BriefLease, time);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.UntilAsync(id, InstanceState.Running);
        Instance started = await plane.RowAsync(id);
        HostLease lease = plane.Get<HostSession>().Lease!;
        foreach (int hours in (int[])[1, -1, 0])
        {
            time.Offset = TimeSpan.FromHours(hours);
            // Renewed by the new time.
            await Eventually.HoldsAsync(async () =>
            {
                await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
                DateTimeOffset until = (await db.Hosts.AsNoTracking().SingleAsync(Cancel)).LeaseUntil;
                return until > time.GetUtcNow() && until < time.GetUtcNow() + TimeSpan.FromMinutes(1);
            });
            await Eventually.HoldsAsync(() => MachineOf(plane, id)?.Status.State == MachineState.Running);
            Assert.Equal(lease, plane.Get<HostSession>().Lease);

            InstanceId other = (await plane.CreateAsync())[0].Id;
            await plane.UntilAsync(other, InstanceState.Running);
            Ok(await plane.Instances.StopAsync(plane.Account, other, Cancel));
            await plane.UntilAsync(other, InstanceState.Stopped);
            Ok(await plane.Instances.StartAsync(plane.Account, other, Cancel));
            await plane.UntilAsync(other, InstanceState.Running);
            Ok(await plane.Instances.TerminateAsync(plane.Account, other, Cancel));
            await plane.UntilAsync(other, InstanceState.Terminated);
        }

        Instance after = await plane.RowAsync(id);
        Assert.Equal((ObservedState.Running, started.BootGeneration), (after.Observed, after.BootGeneration));
    }

    private static RunningMachine? MachineOf(TestPlane plane, InstanceId id) => plane.Fleet.FindMachine(id);

    private async Task<TestPlane> RunningAsync(DatabaseProvider provider, ControlPlaneOptions options, TimeProvider? time = null)
    {
        TestPlane plane = await TestPlane.CreateAsync(provider, postgres, options, time ?? TimeProvider.System);
        await plane.PublishAsync(GuestProgram.Idle);
        await plane.StartHostAsync();
        return plane;
    }
}
