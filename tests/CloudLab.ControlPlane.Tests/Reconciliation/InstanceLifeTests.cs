using System.Text;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Machine;
using CloudLab.Machine.Console;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Reconciliation;

/// <summary>Real machines with tiny guests, driven through the services as the API does.</summary>
public sealed class InstanceLifeTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task An_instance_runs_stops_starts_reboots_and_terminates(DatabaseProvider provider)
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Obedient, provider);
        InstanceId id = await StartOneAsync(plane);
        await BootsAsync(plane, id, 1);

        Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        InstanceDetails stopped = await plane.UntilAsync(id, InstanceState.Stopped);
        Assert.Equal(StateReason.UserInitiatedShutdown, stopped.StateReason);
        Assert.Null(await plane.Host.ReadMetricsAsync(id, Cancel));
        await BootsAsync(plane, id, 1);

        Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, InstanceState.Running);
        await BootsAsync(plane, id, 2);

        Ok(await plane.Instances.RebootAsync(plane.Account, id, "once", Cancel));
        Ok(await plane.Instances.RebootAsync(plane.Account, id, "once", Cancel));
        await BootsAsync(plane, id, 3);
        Assert.Equal(InstanceState.Running, (await plane.GetAsync(id)).State);
        await Eventually.HoldsAsync(async () => (await plane.RowAsync(id)).ObservedGeneration == 2);

        Ok(await plane.Instances.TerminateAsync(plane.Account, id, Cancel));
        InstanceDetails terminated = await plane.UntilAsync(id, InstanceState.Terminated);
        Assert.NotNull(terminated.TerminatedAt);
        await BootsAsync(plane, id, 3);
        await Eventually.HoldsAsync(() => plane.Get<Hypervisor>().MemoryInUse == 0);
    }

    [Fact]
    public async Task A_guest_that_wants_memory_which_its_host_lacks_is_shown_paused_until_there_is_some()
    {
        ControlPlaneOptions overcommitted = QuickOptions with
        {
            Hypervisor = new HypervisorOptions { Workers = 2, MemoryBudget = 160 << 20, MemoryOvercommit = 2 },
        };
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres, overcommitted, TimeProvider.System);
        await plane.PublishAsync(GuestProgram.Greedy);
        await plane.StartHostAsync();
        InstanceId first = await StartOneAsync(plane);
        await SaysFullAsync(plane, first);
        InstanceId second = await StartOneAsync(plane);
        InstanceDetails paused = await plane.UntilAsync(second, i => i.StateReason is not null);
        Assert.Equal(StateReason.InsufficientHostMemory, paused.StateReason);
        Assert.Equal((InstanceState.Running, CheckStatus.Impaired), (paused.State, paused.SystemCheck));
        Assert.Null((await plane.GetAsync(first)).StateReason);

        Ok(await plane.Instances.TerminateAsync(plane.Account, first, Cancel));
        InstanceDetails goesOn = await plane.UntilAsync(second, i => i.StateReason is null);
        Assert.Equal((InstanceState.Running, CheckStatus.Passed), (goesOn.State, goesOn.SystemCheck));
        await SaysFullAsync(plane, second);

        static Task SaysFullAsync(TestPlane plane, InstanceId id) => Eventually.HoldsAsync(
            async () => Encoding.ASCII.GetString(await plane.Host.ReadConsoleAsync(id, Cancel)).Contains("full", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_console_reaches_the_guest_and_outlives_the_machine()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Obedient);
        InstanceId id = await StartOneAsync(plane);
        using ConsoleAttachment console = (await plane.Host.AttachConsoleAsync(id, replay: true, Cancel))!;
        await ReadsAsync(console, "boot\n");
        console.Write("x"u8);
        await ReadsAsync(console, "x");
        Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, InstanceState.Stopped);
        Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
        await ReadsAsync(console, "boot\n");
        Assert.Equal("boot\nxboot\n", Encoding.ASCII.GetString(await plane.Host.ReadConsoleAsync(id, Cancel)));
    }

    [Fact]
    public async Task A_guests_poweroff_stops_its_instance()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Obedient);
        InstanceId id = await StartOneAsync(plane);
        await TypeAsync(plane, id, "p");
        InstanceDetails stopped = await plane.UntilAsync(id, InstanceState.Stopped);
        Assert.Equal(StateReason.InstanceInitiatedShutdown, stopped.StateReason);
        Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
        Assert.Null((await plane.UntilAsync(id, InstanceState.Running)).StateReason);
    }

    [Fact]
    public async Task A_guests_poweroff_terminates_an_instance_that_says_so()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.PowerOff);
        var request = new CreateInstances
        {
            Image = "cloudlab-linux",
            InstanceType = "standard.small",
            ShutdownBehavior = ShutdownBehavior.Terminate,
        };
        InstanceId id = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel))[0].Id;
        Assert.Equal(StateReason.InstanceInitiatedShutdown, (await plane.UntilAsync(id, InstanceState.Terminated)).StateReason);
    }

    [Fact]
    public async Task A_guest_that_reports_a_failure_is_stopped_with_it()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Obedient);
        InstanceId id = await StartOneAsync(plane);
        await TypeAsync(plane, id, "f");
        Assert.Equal("Client.GuestFailure", (await plane.UntilAsync(id, InstanceState.Stopped)).StateReason?.Code);
    }

    [Fact]
    public async Task A_guests_own_reset_leaves_its_instance_running()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Obedient);
        InstanceId id = await StartOneAsync(plane);
        await BootsAsync(plane, id, 1);
        await TypeAsync(plane, id, "r");
        await BootsAsync(plane, id, 2);
        InstanceDetails details = await plane.GetAsync(id);
        Assert.Equal((InstanceState.Running, null), (details.State, details.StateReason));
        Assert.Equal(1, (await plane.RowAsync(id)).ObservedGeneration);
    }

    [Fact]
    public async Task A_panic_becomes_the_reason_and_three_stop_the_instance()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Obedient);
        InstanceId id = await StartOneAsync(plane);
        await TypeAsync(plane, id, "k");
        InstanceDetails panicked = await plane.UntilAsync(id, i => i.StateReason is not null);
        Assert.Equal(InstanceState.Running, panicked.State);
        Assert.Equal("Client.KernelPanic: Kernel panic - not syncing: told to", panicked.StateReason!.Message);
        await BootsAsync(plane, id, 2);
        await TypeAsync(plane, id, "k");
        await BootsAsync(plane, id, 3);
        await TypeAsync(plane, id, "k");
        InstanceDetails stopped = await plane.UntilAsync(id, InstanceState.Stopped);
        Assert.StartsWith("Client.KernelPanic: 3 kernel panics", stopped.StateReason!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_checks_tell_of_the_vcpus_and_of_a_guest_without_an_agent()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Idle);
        InstanceId id = await StartOneAsync(plane);
        InstanceDetails checkedOnce = await plane.UntilAsync(id, i => i.SystemCheck == CheckStatus.Passed);
        Assert.Equal(CheckStatus.NotAvailable, checkedOnce.InstanceCheck);
        MachineMetrics metrics = (await plane.Host.ReadMetricsAsync(id, Cancel))!;
        Assert.NotEqual(0UL, metrics.Instructions);
        Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        Assert.Equal(CheckStatus.NotAvailable, (await plane.UntilAsync(id, InstanceState.Stopped)).SystemCheck);
    }

    [Fact]
    public async Task A_hundred_requests_at_once_leave_every_instance_as_it_was_last_wanted()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Idle);
        InstanceId[] ids = [.. (await plane.CreateAsync(8)).Select(i => i.Id)];
        await Task.WhenAll(ids.Select((id, n) => Task.Run(async () =>
        {
            for (int i = 0; i < 6; i++)
            {
                await plane.Instances.RebootAsync(plane.Account, id, null, Cancel);
                await plane.Instances.StopAsync(plane.Account, id, Cancel);
                await plane.Instances.StartAsync(plane.Account, id, Cancel);
            }

            if (n % 2 == 0) Ok(await plane.Instances.TerminateAsync(plane.Account, id, Cancel));
            else await plane.Instances.StopAsync(plane.Account, id, Cancel);
        })));
        for (int n = 0; n < ids.Length; n++)
            await plane.UntilAsync(ids[n], n % 2 == 0 ? InstanceState.Terminated : InstanceState.Stopped);
        await Eventually.HoldsAsync(() => plane.Get<Hypervisor>().MemoryInUse == 0);
    }

    [Fact]
    public async Task A_new_version_of_its_image_leaves_an_instance_what_it_booted_until_it_is_started_anew()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Obedient);
        InstanceId id = await StartOneAsync(plane);
        await plane.PublishAsync(GuestProgram.PowerOff);
        InstanceId newer = (await plane.CreateAsync())[0].Id;
        await plane.UntilAsync(newer, InstanceState.Stopped);
        Ok(await plane.Instances.RebootAsync(plane.Account, id, null, Cancel));
        await BootsAsync(plane, id, 2);
        Assert.Equal(InstanceState.Running, (await plane.GetAsync(id)).State);
        Ok(await plane.Instances.StopAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, InstanceState.Stopped);
        Ok(await plane.Instances.StartAsync(plane.Account, id, Cancel));
        await plane.UntilAsync(id, i => i.StateReason == StateReason.InstanceInitiatedShutdown);
    }

    [Fact]
    public async Task An_image_whose_file_is_lost_stops_the_start_with_a_reason()
    {
        await using TestPlane plane = await RunningAsync(GuestProgram.Idle);
        var image = (await plane.Images.FindBuiltInAsync("cloudlab-linux", Cancel))!;
        await plane.Get<CloudLab.Storage.Blobs.IBlobStore>().DeleteAsync(image.Kernel!.Blob, Cancel);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        Assert.Equal("Server.ImageUnavailable", (await plane.UntilAsync(id, InstanceState.Terminated)).StateReason?.Code);
    }

    [Fact]
    public async Task A_kernel_that_cannot_be_loaded_ends_the_instance_with_a_reason()
    {
        await using TestPlane plane = await RunningAsync([]);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        InstanceDetails ended = await plane.UntilAsync(id, i => i.State is InstanceState.Terminated or InstanceState.Running);
        // Nothing in the machine's contract refuses an empty kernel; whatever it does, the instance is in order.
        if (ended.State == InstanceState.Terminated) Assert.Equal("Client.UnusableImage", ended.StateReason?.Code);
    }

    private async Task<TestPlane> RunningAsync(byte[] kernel, DatabaseProvider provider = DatabaseProvider.Sqlite)
    {
        TestPlane plane = await TestPlane.CreateAsync(provider, postgres, time: TimeProvider.System);
        await plane.PublishAsync(kernel);
        await plane.StartHostAsync();
        return plane;
    }

    private static async Task<InstanceId> StartOneAsync(TestPlane plane)
    {
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.UntilAsync(id, InstanceState.Running);
        return id;
    }

    private static async Task TypeAsync(TestPlane plane, InstanceId id, string text)
    {
        using ConsoleAttachment console = (await plane.Host.AttachConsoleAsync(id, replay: false, Cancel))!;
        console.Write(Encoding.ASCII.GetBytes(text));
    }

    private static async Task BootsAsync(TestPlane plane, InstanceId id, int times)
    {
        string text = "";
        await Eventually.HoldsAsync(
            async () => (text = Encoding.ASCII.GetString(await plane.Host.ReadConsoleAsync(id, Cancel))).Split("boot\n").Length == times + 1,
            () => text);
    }

    private static async Task ReadsAsync(ConsoleAttachment console, string expected)
    {
        string read = "";
        while (read.Length < expected.Length) read += Encoding.ASCII.GetString(await console.ReadAsync(Cancel));
        Assert.Equal(expected, read);
    }
}
