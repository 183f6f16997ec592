using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using CloudLab.Machine;

namespace CloudLab.Server.Cli;

/// <summary>Runs machines without a server.</summary>
internal static class MachineCommand
{
    private const int MostVcpus = 8;
    private const int LeastMemory = 64;
    private const int MostMemory = 1 << 20;

    private const string RunDescription = """
        Runs one machine without a server or data directory; its console is standard output, and input when that is a terminal.
        Exits with the guest's status: 0 when it powers off or reports success, its failure code (1 to 255) when it reports
        one through the test device or HTIF's tohost; 124 after the timeout, 2 for a wrong command line, 1 for any other failure.
        """;

    /// <param name="guestOutput">Receives the guest's console in place of standard output, and nothing is typed.</param>
    public static Command Create(Stream? guestOutput)
    {
        var machine = new Command("machine", "Runs kernels without a server");
        machine.Subcommands.Add(Run(guestOutput));
        return machine;
    }

    private static Command Run(Stream? guestOutput)
    {
        Argument<string> kernel = new("KERNEL") { Description = "An ELF executable, a Linux Image or a flat binary" };
        Option<StartMode?> mode = new("--mode")
        {
            Description = "Start in M-mode without firmware, or in S-mode with SBI played. Default: M for an ELF linked at 0x80000000, else S",
            HelpName = "M|S",
            CustomParser = ParseMode,
        };
        Option<int> vcpus = Number("--vcpus", "How many harts, 1 to 8", "N", 1, 1, MostVcpus);
        Option<int> memory = Number("--memory", "RAM in MiB, an even number from 64", "MIB", 128, LeastMemory, MostMemory);
        memory.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out int value) && value % 2 != 0)
                result.AddError("--memory is an even number of MiB.");
        });
        Option<string> firmware = new("--firmware") { Description = "A flat binary for M-mode, with the kernel as its payload", HelpName = "FILE" };
        Option<string> initramfs = new("--initramfs") { Description = "The initial RAM file system", HelpName = "FILE" };
        Option<string> append = new("--append") { Description = "The kernel's command line. Default: console=ttyS0", HelpName = "CMDLINE" };
        Option<int> timeout = Number("--timeout", "Give up after so many seconds. Default: never", "SECONDS", 0, 1, 1_000_000);
        Option<bool> stats = new("--stats") { Description = "Show instructions, exits and traps on standard error at the end" };
        var command = new Command("run", RunDescription) { kernel, mode, vcpus, memory, firmware, initramfs, append, timeout, stats };
        command.Validators.Add(result =>
        {
            if (result.GetResult(firmware) is not null && result.GetResult(mode) is { Implicit: false } && result.GetValue(mode) == StartMode.Machine)
                result.AddError("--mode M starts the kernel without firmware: leave out --firmware.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            int seconds = parsed.GetValue(timeout);
            return MachineRunner.RunAsync(
                new MachineRun
                {
                    Kernel = parsed.GetRequiredValue(kernel),
                    Mode = parsed.GetValue(mode),
                    Vcpus = parsed.GetValue(vcpus),
                    Memory = (ulong)parsed.GetValue(memory) << 20,
                    Firmware = parsed.GetValue(firmware),
                    Initramfs = parsed.GetValue(initramfs),
                    CommandLine = parsed.GetValue(append),
                    Timeout = seconds == 0 ? null : TimeSpan.FromSeconds(seconds),
                    ShowsStats = parsed.GetValue(stats),
                },
                guestOutput, parsed.InvocationConfiguration.Error, cancellationToken);
        });
        return command;
    }

    private static StartMode? ParseMode(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "M": return StartMode.Machine;
            case "S": return StartMode.Supervisor;
            default:
                result.AddError($"'{result.Tokens[0].Value}' is no mode to start in: M or S.");
                return null;
        }
    }

    private static Option<int> Number(string name, string description, string helpName, int value, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = helpName, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out int given) && (given < least || given > most))
                result.AddError($"{name} is a number from {least} to {most}.");
        });
        return option;
    }
}
