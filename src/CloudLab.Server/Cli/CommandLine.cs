using System.CommandLine;
using System.CommandLine.Help;
using CloudLab.Server.Hosting;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>The verbs. Without one the server is started.</summary>
internal static class CommandLine
{
    // After a signal a verb ends on its own; this is for one that does not.
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Does what the arguments say.</summary>
    /// <param name="args">The process's arguments.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="console">For results and progress.</param>
    /// <param name="error">For what goes wrong.</param>
    /// <param name="guestOutput">Where <c>machine run</c> writes the guest's console; null for standard output.</param>
    /// <returns>An <see cref="ExitCode"/>, or what a guest ended with.</returns>
    public static async Task<int> RunAsync(
        string[] args, Func<string, string?> environment, IAnsiConsole console, TextWriter error, Stream? guestOutput = null)
    {
        RootCommand root = Create(environment, console, guestOutput);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var mistake in parsed.Errors) await error.WriteLineAsync(mistake.Message);
            await error.WriteLineAsync("--help shows what there is.");
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            Output = console.Profile.Out.Writer,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TerminationTimeout,
        };
        try
        {
            return await parsed.InvokeAsync(configuration);
        }
        catch (UsageException e)
        {
            await error.WriteLineAsync(e.Message);
            return ExitCode.Usage;
        }
        catch (StartupException e)
        {
            await error.WriteLineAsync(e.Message);
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("Interrupted.");
            return ExitCode.Failed;
        }
    }

    private static RootCommand Create(Func<string, string?> environment, IAnsiConsole console, Stream? guestOutput)
    {
        var root = new RootCommand(
            "CloudLab: a self-hosted cloud of virtual machines that run real Linux kernels. Without a verb it starts the server.");
        ServeCommand.Attach(root, environment, console);
        var serve = new Command("serve", "Starts the server (what happens without a verb)");
        ServeCommand.Attach(serve, environment, console);
        root.Subcommands.Add(serve);
        root.Subcommands.Add(ImagesCommand.Create(environment, console));
        root.Subcommands.Add(DatabaseCommand.Create(environment, console));
        root.Subcommands.Add(BackupCommand.Create(environment, console));
        root.Subcommands.Add(RestoreCommand.Create(environment, console));
        root.Subcommands.Add(AccountCommand.Create(environment, console));
        root.Subcommands.Add(TokenCommand.Create(environment, console));
        root.Subcommands.Add(AccessKeyCommand.Create(environment, console));
        root.Subcommands.Add(MachineCommand.Create(guestOutput));
        root.Subcommands.Add(HealthcheckCommand.Create(console));
        foreach (HelpOption help in root.Options.OfType<HelpOption>()) help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }
}
