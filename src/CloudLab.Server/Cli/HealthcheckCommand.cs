using System.CommandLine;
using CloudLab.Server.Hosting;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>Asks a running server whether it lives: for containers, whose images have no curl.</summary>
internal static class HealthcheckCommand
{
    // Engines give a check some 30 s; a server that takes this long to say that it lives does not.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static Command Create(IAnsiConsole console)
    {
        var url = new Option<Uri>("--url")
        {
            Description = "The server's address",
            HelpName = "URL",
            DefaultValueFactory = _ => new Uri(ServerOptions.DefaultUrl),
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out Uri? value) && value.Scheme is "http" or "https") return value;
                result.AddError($"'{result.Tokens[0].Value}' is not a URL. An example: {ServerOptions.DefaultUrl}");
                return null;
            },
        };
        var command = new Command("healthcheck", "Exits with 0 when a server answers at its /healthz, else with 1") { url };
        command.SetAction((parsed, cancellationToken) => CheckAsync(parsed.GetValue(url)!, console, cancellationToken));
        return command;
    }

    private static async Task<int> CheckAsync(Uri server, IAnsiConsole console, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = Timeout };
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(server, "/healthz"), cancellationToken);
            console.WritePlain($"{server}healthz answers {(int)response.StatusCode}");
            return response.IsSuccessStatusCode ? ExitCode.Ok : ExitCode.Failed;
        }
        catch (HttpRequestException e)
        {
            throw new StartupException($"{server} does not answer: {e.Message}", e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StartupException($"{server} did not answer within {Timeout.TotalSeconds} s.", e);
        }
    }
}
