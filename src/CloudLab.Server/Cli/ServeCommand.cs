using System.CommandLine;
using CloudLab.Server.Hosting;
using Spectre.Console;

namespace CloudLab.Server.Cli;

internal static class ServeCommand
{
    /// <summary>Gives a command the server's options and makes it start the server.</summary>
    public static void Attach(Command command, Func<string, string?> environment, IAnsiConsole console)
    {
        var settings = new SettingOptions(command, Setting.All);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await ServerRunner.RunAsync(settings.Load(parsed, environment), console, cancellationToken);
            return ExitCode.Ok;
        });
    }
}
