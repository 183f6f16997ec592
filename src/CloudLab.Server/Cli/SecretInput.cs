using CloudLab.Server.Hosting;
using Terminal = System.Console;

namespace CloudLab.Server.Cli;

/// <summary>Secrets that verbs take: from a file or standard input, never as an argument, which everyone on the machine sees.</summary>
internal static class SecretInput
{
    /// <summary>The secret in the file, or in the first line of standard input where the name is <c>-</c>.</summary>
    /// <exception cref="StartupException">It cannot be read.</exception>
    public static async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (file == "-") return (await Terminal.In.ReadLineAsync(cancellationToken) ?? "").Trim();
        try
        {
            return (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The secret cannot be read: {e.Message}", e);
        }
    }
}
