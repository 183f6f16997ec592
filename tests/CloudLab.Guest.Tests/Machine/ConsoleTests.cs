using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;

namespace CloudLab.Guest.Tests.Machine;

/// <summary>One guest at its prompt, and what can be asked of it without harm.</summary>
public sealed class ConsoleTests(GuestFixture fixture) : IClassFixture<GuestFixture>
{
    [Fact]
    public async Task What_is_typed_at_the_prompt_is_run() => Assert.Equal("a42b", await fixture.Shell.RunAsync("echo a$((6*7))b"));

    [Fact]
    public async Task Output_longer_than_any_buffer_arrives_whole_and_in_order()
    {
        string expected = string.Join('\n', Enumerable.Range(1, 9000));
        Assert.Equal(expected, await fixture.Shell.RunAsync("seq 9000"));
    }

    [Fact]
    public async Task A_long_line_of_input_arrives_whole()
    {
        string word = string.Concat(Enumerable.Range(0, 100).Select(number => $"{number:D3}"));
        Assert.Equal(word, await fixture.Shell.RunAsync($"echo {word}"));
    }

    [Fact]
    public async Task The_agent_says_hello_once_and_then_that_it_lives()
    {
        string release = await fixture.Shell.RunAsync("uname -r");
        Assert.Equal($"hello cloudlab-agent 1 {release}", await fixture.Guest.AgentLineAsync());
        Assert.Matches(@"^heartbeat \d+$", await fixture.Guest.AgentLineAsync());
        Assert.Matches(@"^heartbeat \d+$", await fixture.Guest.AgentLineAsync());
    }

    [Fact]
    public async Task The_host_gives_entropy()
    {
        await fixture.Shell.RunAsync("until grep -q virtio /sys/class/misc/hw_random/rng_current; do usleep 20000; done");
        string first = await fixture.Shell.RunAsync("head -c 32 /dev/hwrng | xxd -p -c 32");
        string second = await fixture.Shell.RunAsync("head -c 32 /dev/hwrng | xxd -p -c 32");
        Assert.Matches("^[0-9a-f]{64}$", first);
        Assert.Matches("^[0-9a-f]{64}$", second);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Exits_and_traps_are_counted_apart()
    {
        MachineMetrics before = fixture.Guest.Machine.ReadMetrics();
        await fixture.Shell.RunAsync("ls /bin >/dev/null");
        MachineMetrics after = fixture.Guest.Machine.ReadMetrics();
        Assert.True(after.Instructions > before.Instructions);
        Assert.True(after.CpuTime > before.CpuTime);
        // Typing and printing go over the serial port; a new process makes system calls and page faults.
        Assert.True(after.Exits["mmio.uart.write"] > before.Exits["mmio.uart.write"]);
        Assert.True(after.Traps.Values.Aggregate((sum, count) => sum + count) > before.Traps.Values.Aggregate((sum, count) => sum + count));
        Assert.Empty(after.Exits.Keys.Intersect(after.Traps.Keys));
        Assert.Equal(0UL, after.Exits["sbi.unknown"]);
    }
}
