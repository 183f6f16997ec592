using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;

namespace CloudLab.Guest.Tests.Machine;

public sealed class ThreadsTests(BootImage image)
{
    [Fact]
    public async Task Threads_of_a_program_lose_no_update_while_their_memory_map_changes()
    {
        using GuestImage initramfs = await image.InitramfsWithAsync("threads", ThreadsProgram.Build());
        MachineSpec spec = image.Spec("threads") with { VcpuCount = 4, Initramfs = initramfs };
        await using TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, spec);
        Assert.Equal("OK", await guest.Shell.RunAsync("/threads"));
        await guest.Shell.RunAsync("! dmesg | grep -E 'stall|BUG|Oops'");
    }
}
