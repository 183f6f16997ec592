using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>Someone at a guest's console: reads what appears and types.</summary>
/// <param name="read">Waits for output and returns what has come.</param>
/// <param name="type">Sends input.</param>
internal sealed class Shell(Func<CancellationToken, ValueTask<byte[]>> read, Func<byte[], CancellationToken, ValueTask> type)
{
    private const string Prompt = "/ # ";

    private readonly StringBuilder _screen = new();
    private int _seen;
    private int _commands;

    /// <summary>All that has been read.</summary>
    public string Screen => _screen.ToString();

    /// <summary>Waits for the shell's prompt after what was waited for last.</summary>
    public Task PromptAsync() => WaitForAsync(Regex.Escape(Prompt));

    /// <summary>Waits until a match appears after what was waited for last.</summary>
    public async Task<Match> WaitForAsync(string pattern)
    {
        using var deadline = new Deadline();
        try
        {
            while (true)
            {
                Match match = Regex.Match(_screen.ToString(_seen, _screen.Length - _seen), pattern, RegexOptions.Singleline);
                if (match.Success)
                {
                    _seen += match.Index + match.Length;
                    return match;
                }

                _screen.Append(Encoding.Latin1.GetString(await read(deadline.Token)));
            }
        }
        catch (OperationCanceledException e) when (Deadline.IsOver(e))
        {
            throw new TimeoutException($"'{pattern}' did not appear; the console shows:\n{Screen}", e);
        }
    }

    /// <summary>Types as it is.</summary>
    public async Task TypeAsync(string text)
    {
        using var deadline = new Deadline();
        await type(Encoding.ASCII.GetBytes(text), deadline.Token);
    }

    /// <summary>Runs a command, which must succeed, to its end.</summary>
    /// <returns>What it printed, trimmed, with plain line ends.</returns>
    public async Task<string> RunAsync(string command)
    {
        // The terminal echoes what is typed, so the marks are written as sums and looked for as numbers.
        int number = 1000 + ++_commands;
        await TypeAsync(string.Create(CultureInfo.InvariantCulture, $"echo \"<$(({number}))\"; {command}; echo \"$(({number})):$?>\"\n"));
        Match match = await WaitForAsync($@"<{number}\r\n(.*?){number}:(\d+)>\r\n");
        string output = match.Groups[1].Value.ReplaceLineEndings("\n").Trim();
        Assert.True(match.Groups[2].Value == "0", $"'{command}' ended with {match.Groups[2].Value}: {output}");
        return output;
    }
}
