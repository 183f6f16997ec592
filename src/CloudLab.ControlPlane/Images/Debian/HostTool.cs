using System.ComponentModel;
using System.Diagnostics;

namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>Runs a program of the host, without a shell, in the C locale, and ends it when the caller gives up.</summary>
internal static class HostTool
{
    /// <summary>Enough of what a tool said to name the cause; the rest is dropped.</summary>
    private const int MaxErrorLines = 200;

    /// <summary>The file <paramref name="name"/> stands for on <paramref name="searchPath"/> (as in PATH), or null.</summary>
    public static string? Find(string name, string searchPath)
    {
        foreach (var directory in searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var candidate = Path.Combine(directory, name);
            if (File.Exists(candidate))
                return candidate;
        }

        return null;
    }

    /// <summary>Runs to the end, handing over each line of standard output.</summary>
    public static Task<ToolOutcome> RunAsync(
        ToolCommand command, Action<string> onLine, CancellationToken cancellationToken) =>
        RunAsync(
            command,
            async (output, token) =>
            {
                using var reader = new StreamReader(output, leaveOpen: true);
                while (await reader.ReadLineAsync(token).ConfigureAwait(false) is { } line)
                    onLine(line);
            },
            cancellationToken);

    /// <summary>Runs to the end, handing over standard output as a stream. What isn't read of it is thrown away.</summary>
    /// <remarks>Exceptions of <paramref name="read"/> end the tool and are passed on.</remarks>
    public static async Task<ToolOutcome> RunAsync(
        ToolCommand command, Func<Stream, CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        if (Find(command.File, command.SearchPath) is not { } file)
            return new(127, $"{command.File}: not found");
        using var process = new Process { StartInfo = StartInfo(file, command) };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new(127, e.Message);
        }

        try
        {
            process.StandardInput.Close();
            var errors = ReadErrorsAsync(process.StandardError, cancellationToken);
            await read(process.StandardOutput.BaseStream, cancellationToken).ConfigureAwait(false);
            await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
            var text = await errors.ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return new(process.ExitCode, text);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                // What the caller does next (removing a directory) must not meet a tool that still writes.
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private static ProcessStartInfo StartInfo(string file, ToolCommand command)
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (command.WorkingDirectory is not null)
            start.WorkingDirectory = command.WorkingDirectory;
        foreach (var argument in command.Arguments)
            start.ArgumentList.Add(argument);
        // Messages are recognised by their English text.
        start.Environment["LC_ALL"] = "C";
        start.Environment["PATH"] = command.SearchPath;
        foreach (var (name, value) in command.Environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return start;
    }

    private static async Task<string> ReadErrorsAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (lines.Count < MaxErrorLines)
                lines.Add(line);
        }

        return string.Join('\n', lines);
    }
}

/// <summary>What to run.</summary>
internal sealed record ToolCommand(string File, string SearchPath, params IReadOnlyList<string> Arguments)
{
    public string? WorkingDirectory { get; init; }

    /// <summary>Added to the host's environment.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
}

/// <summary>How it ended: 127 when it could not be started, as in a shell.</summary>
internal readonly record struct ToolOutcome(int ExitCode, string Errors);
