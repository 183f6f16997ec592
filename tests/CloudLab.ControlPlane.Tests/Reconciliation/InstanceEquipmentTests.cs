using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Machine.Console;
using CloudLab.Storage.Blobs;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Reconciliation;

/// <summary>Scratch disks and console output: how long they stay, and that nothing of them is left behind.</summary>
public sealed class InstanceEquipmentTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task Scratch_disks_are_thin_stay_through_reboots_and_go_at_the_stop(DatabaseProvider provider)
    {
        await using TestPlane plane = await RunningAsync(provider);
        CreateInstances request = new() { Image = "cloudlab-linux", InstanceType = "standard.small", ScratchDisks = [1 << 20, 1L << 34] };
        InstanceId id = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel))[0].Id;
        await ShowsAsync(plane, id, "boot\n");
        string[] files = [.. Directory.GetFiles(plane.ScratchDirectory).Order(StringComparer.Ordinal)];
        Assert.Equal([1L << 20, 1L << 34], files.Select(file => new FileInfo(file).Length));
        await using (FileStream disk = new(files[0], FileMode.Open, FileAccess.Read, FileShare.ReadWrite)) Assert.Equal(0, disk.ReadByte());

        Ok(await plane.Instances.RebootAsync(plane.Account, id, isHard: false, null, Precondition.None, Cancel));
        await ShowsAsync(plane, id, "boot\nboot\n");
        Assert.Equal(files.Length, Directory.GetFiles(plane.ScratchDirectory).Length);
        Ok(await plane.Instances.StopAsync(plane.Account, id, isForced: true, Precondition.None, Cancel));
        await plane.UntilAsync(id, InstanceState.Stopped);
        await Eventually.HoldsAsync(() => Directory.GetFiles(plane.ScratchDirectory).Length == 0);

        Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
        await ShowsAsync(plane, id, "boot\nboot\nboot\n");
        Assert.Equal(files.Length, Directory.GetFiles(plane.ScratchDirectory).Length);
        Ok(await plane.Instances.TerminateAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, InstanceState.Terminated);
        await Eventually.HoldsAsync(() => Directory.GetFiles(plane.ScratchDirectory).Length == 0);
    }

    [Fact]
    public async Task What_a_process_that_was_killed_left_of_scratch_disks_goes_at_the_next_start()
    {
        await using TestPlane before = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        await before.StopAsync();
        Directory.CreateDirectory(before.ScratchDirectory);
        await File.WriteAllTextAsync(Path.Combine(before.ScratchDirectory, $"{InstanceId.New()}-0.disk"), "left", Cancel);
        await using TestPlane after = await before.ReopenAsync(QuickOptions);
        await after.StartHostAsync();
        Assert.Empty(Directory.GetFiles(before.ScratchDirectory));
    }

    [Theory, BothDatabases]
    public async Task Console_output_is_kept_across_stop_restart_and_termination_and_goes_with_the_row(DatabaseProvider provider)
    {
        await using TestPlane before = await RunningAsync(provider);
        InstanceId stopped = (await before.CreateAsync())[0].Id;
        InstanceId running = (await before.CreateAsync())[0].Id;
        await ShowsAsync(before, stopped, "boot\n");
        await ShowsAsync(before, running, "boot\n");
        Ok(await before.Instances.StopAsync(before.Account, stopped, Cancel));
        await before.UntilAsync(stopped, InstanceState.Stopped);
        await ShowsAsync(before, stopped, "boot\n");
        await before.StopAsync();

        await using TestPlane after = await before.ReopenAsync(QuickOptions with { TerminatedRetention = TimeSpan.Zero });
        await ShowsAsync(after, stopped, "boot\n");
        await after.StartHostAsync();
        await ShowsAsync(after, running, "boot\nboot\n");
        Ok(await after.Instances.TerminateAsync(after.Account, running, Cancel));
        await after.UntilAsync(running, InstanceState.Terminated);
        await ShowsAsync(after, running, "boot\nboot\n");
        var blobs = after.Get<IBlobStore>();
        Assert.True((await blobs.HeadAsync($"consoles/{running}", Cancel)).IsOk);
        await after.Hosts.RemoveExpiredAsync(Cancel);
        Assert.False((await blobs.HeadAsync($"consoles/{running}", Cancel)).IsOk);
        Assert.True((await blobs.HeadAsync($"consoles/{stopped}", Cancel)).IsOk);
    }

    [Fact]
    public async Task An_open_console_shows_what_was_kept_and_ends_with_an_instance_that_no_host_has()
    {
        await using TestPlane plane = await RunningAsync(DatabaseProvider.Sqlite);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await ShowsAsync(plane, id, "boot\n");
        Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, InstanceState.Stopped);
        await Eventually.HoldsAsync(() => plane.Fleet.FindMachine(id) is null);

        using ConsoleAttachment console = (await plane.Host.AttachConsoleAsync(id, replay: true, Cancel))!;
        string seen = "";
        while (!seen.Contains("boot\n", StringComparison.Ordinal)) seen += Encoding.ASCII.GetString(await console.ReadAsync(Cancel));
        Task ended = plane.Host.WaitForEndAsync(id, Cancel).AsTask();
        Assert.False(ended.IsCompleted);
        Ok(await plane.Instances.TerminateAsync(plane.Account, id, Cancel));
        await ended.WaitAsync(Cancel);
        Assert.Equal(InstanceState.Terminated, (await plane.GetAsync(id)).State);
    }

    [Fact]
    public async Task Stopped_instances_cost_the_reconciler_nothing()
    {
        await using TestPlane plane = await RunningAsync(DatabaseProvider.Sqlite);
        InstanceId[] ids = [.. (await plane.CreateAsync(4)).Select(i => i.Id)];
        foreach (InstanceId id in ids)
        {
            Ok(await plane.Instances.StopAsync(plane.Account, id, isForced: true, Precondition.None, Cancel));
            await plane.UntilAsync(id, InstanceState.Stopped);
        }

        await Eventually.HoldsAsync(() => plane.Fleet.WorkerCount == 0);
    }

    private static Task ShowsAsync(TestPlane plane, InstanceId id, string text) => Eventually.HoldsAsync(
        async () => Encoding.ASCII.GetString(await plane.Host.ReadConsoleAsync(id, Cancel)) == text);

    private async Task<TestPlane> RunningAsync(DatabaseProvider provider)
    {
        TestPlane plane = await TestPlane.CreateAsync(provider, postgres, QuickOptions, TimeProvider.System);
        await plane.PublishAsync(GuestProgram.Obedient);
        await plane.StartHostAsync();
        return plane;
    }
}
