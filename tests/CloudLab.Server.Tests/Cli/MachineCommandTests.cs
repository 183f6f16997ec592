using CloudLab.Server.Cli;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Cli;

public sealed class MachineCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly QuietConsole _console = new();
    private readonly StringWriter _error = new();
    private readonly MemoryStream _output = new();

    public void Dispose()
    {
        _directory.Dispose();
        _console.Dispose();
        _error.Dispose();
        _output.Dispose();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(42, 42)]
    [InlineData(1000, 255)]
    public async Task It_exits_with_what_the_guest_ends_with(int code, int expected)
    {
        Assert.Equal(expected, await RunAsync(SpeakingGuest.Kernel(code)));
        Assert.Equal(SpeakingGuest.Output, _output.ToArray());
        Assert.Equal("", _error.ToString());
    }

    [Fact]
    public async Task A_guest_that_does_not_end_is_given_up()
    {
        Assert.Equal(124, await RunAsync(SpeakingGuest.Endless, "--timeout", "1", "--stats"));
        Assert.Contains("within 1 s", _error.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"instructions [1-9]\d+, CPU .* MIPS", _error.ToString());
    }

    [Fact]
    public async Task Counters_are_shown_by_their_names()
    {
        Assert.Equal(0, await RunAsync(SpeakingGuest.Kernel(0), "--stats", "--vcpus", "1", "--memory", "64", "--mode", "M"));
        Assert.Contains("  mmio.htif.write 1", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--mode", "U")]
    [InlineData("--vcpus", "9")]
    [InlineData("--vcpus", "many")]
    [InlineData("--memory", "65")]
    [InlineData("--memory", "2")]
    [InlineData("--timeout", "-1")]
    [InlineData("--mode", "M", "--firmware", "any")]
    public async Task A_wrong_option_is_refused(params string[] options)
    {
        Assert.Equal(ExitCode.Usage, await RunAsync(SpeakingGuest.Kernel(0), options));
        Assert.Contains("--help", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_run_is_a_failure_with_a_reason()
    {
        Assert.Equal(ExitCode.Failed, await RunAsync("\u007fELF and no more"u8.ToArray()));
        Assert.Contains("its header lies beyond the end of the file", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, await InvokeAsync("machine", "run", _directory["missing"]));
        Assert.Contains("missing", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_says_which_mode_is_the_default()
    {
        Assert.Equal(ExitCode.Ok, await InvokeAsync("machine", "run", "--help"));
        Assert.Contains("M for an ELF linked at 0x80000000", _console.Text, StringComparison.Ordinal);
    }

    private async Task<int> RunAsync(byte[] kernel, params string[] options)
    {
        await File.WriteAllBytesAsync(_directory["kernel"], kernel, TestContext.Current.CancellationToken);
        return await InvokeAsync(["machine", "run", _directory["kernel"], .. options]);
    }

    private Task<int> InvokeAsync(params string[] arguments) => CommandLine.RunAsync(arguments, _ => null, _console.Console, _error, _output);
}
