using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;

namespace CloudLab.Guest.Tests.Machine;

public sealed class MemoryTests(BootImage image)
{
    private const ulong MiB = 1 << 20;
    private const ulong Budget = 288 * MiB;

    // Fills a RAM disk and reads it back.
    private const string Fill = "mkdir -p /full && mount -t tmpfs -o size=120m none /full && yes cloudlab | head -c 1048576 > /full/one && "
        + "for i in $(seq 96); do cat /full/one; done > /full/file && md5sum < /full/file";

    [Fact]
    public async Task Of_linux_guests_that_fill_more_ram_than_the_host_has_one_waits_and_both_are_right()
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions { MemoryBudget = Budget, MemoryOvercommit = 2 });
        await using TestGuest first = await BootAsync(hypervisor, "first");
        await using TestGuest second = await BootAsync(hypervisor, "second");
        string sum = await first.Shell.RunAsync(Fill);
        Task<string> filling = second.Shell.RunAsync(Fill);
        MachineStatus starved = await second.StatusAsync(status => status.State == MachineState.Paused);
        Assert.Equal(PauseReason.InsufficientHostMemory, starved.PauseReason);
        Assert.False(filling.IsCompleted);

        // The other one is as it was: what it wrote is there, and it can go on with the memory that it has.
        Assert.Equal(sum, await first.Shell.RunAsync("md5sum < /full/file"));
        Assert.InRange(hypervisor.MemoryHandedOut, 0UL, Budget);
        await first.Machine.StopAsync();
        await first.Machine.DisposeAsync();
        Assert.Equal(sum, await filling);
        Assert.Equal(MachineState.Running, second.Machine.Status.State);
    }

    private Task<TestGuest> BootAsync(Hypervisor hypervisor, string name) =>
        TestGuest.BootAsync(hypervisor, image.Spec(name) with { MemorySize = 192 * MiB });
}
