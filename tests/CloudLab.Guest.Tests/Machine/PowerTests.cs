using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;

namespace CloudLab.Guest.Tests.Machine;

/// <summary>How a guest ends and begins again, by its own wish or by the host's.</summary>
public sealed class PowerTests(BootImage image)
{
    [Fact]
    public async Task The_power_key_makes_the_guest_power_off()
    {
        await using TestGuest guest = await BootAsync("power-key");
        await guest.Shell.RunAsync("until [ -s /run/acpid.pid ]; do usleep 20000; done");
        await guest.Machine.PressPowerKeyAsync();
        Assert.Equal(StopReason.GuestPowerOff, (await StoppedAsync(guest)).StopReason);
    }

    [Fact]
    public async Task The_agent_powers_off_when_it_is_told_to()
    {
        await using TestGuest guest = await BootAsync("agent-shutdown");
        Assert.StartsWith("hello ", await guest.AgentLineAsync(), StringComparison.Ordinal);
        Assert.True(guest.Machine.TrySendToAgent("shutdown\n"u8));
        Assert.Equal(StopReason.GuestPowerOff, (await StoppedAsync(guest)).StopReason);
        Assert.False(guest.Machine.TrySendToAgent("shutdown\n"u8));
    }

    [Fact]
    public async Task A_reboot_clears_ram_and_starts_the_guest_again()
    {
        await using TestGuest guest = await BootAsync("reboot");
        await MarkAsync(guest);
        await guest.Shell.TypeAsync("reboot -f\n");
        await RebootedAsync(guest, boots: 2);

        await MarkAsync(guest);
        await guest.Machine.ResetAsync();
        await RebootedAsync(guest, boots: 3);
    }

    [Fact]
    public async Task A_paused_guest_can_be_reset_and_stopped()
    {
        await using TestGuest guest = await BootAsync("paused-reset");
        await MarkAsync(guest);
        await guest.Machine.PauseAsync();
        await guest.Machine.ResetAsync();
        await RebootedAsync(guest, boots: 2);

        await guest.Machine.PauseAsync();
        await guest.Machine.StopAsync();
        Assert.Equal(new MachineStatus(MachineState.Stopped, StopReason.Requested, null, 2), guest.Machine.Status);
    }

    [Fact]
    public async Task A_panic_is_seen_on_the_console_and_resets_the_machine()
    {
        await using TestGuest guest = await BootAsync("panic");
        await MarkAsync(guest);
        await guest.Shell.TypeAsync("echo c >/proc/sysrq-trigger\n");
        await guest.Shell.WaitForAsync(@"Kernel panic - not syncing: sysrq triggered crash\r\n");
        await RebootedAsync(guest, boots: 2);
    }

    private async Task<TestGuest> BootAsync(string name) => await TestGuest.BootAsync(image.Hypervisor, image.Spec(name));

    private static Task<MachineStatus> StoppedAsync(TestGuest guest) =>
        guest.StatusAsync(status => status.State == MachineState.Stopped);

    private static Task<string> MarkAsync(TestGuest guest) =>
        guest.Shell.RunAsync("touch /marker && mount -t tmpfs tmpfs /tmp && touch /tmp/marker && ls /marker /tmp/marker");

    private static async Task RebootedAsync(TestGuest guest, int boots)
    {
        MachineStatus status = await guest.StatusAsync(status => status.Boots == boots);
        Assert.Equal(MachineState.Running, status.State);
        await guest.Shell.WaitForAsync("built-in shell");
        await guest.Shell.PromptAsync();
        await guest.Shell.RunAsync("! ls /marker && ! ls /tmp/marker");
    }
}
