using System.Globalization;
using System.Text.RegularExpressions;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>A system call in a trace: when it began and ended, as line numbers, and the path of its first argument.</summary>
internal sealed partial record SystemCall(string Name, string Path, string Text, int Began, int Ended)
{
    public bool IsSync => Name is "fsync" or "fdatasync";

    public bool IsWrite => Name is "write" or "pwrite64" or "writev" or "pwritev";

    /// <summary>Reads what <c>strace -f -y</c> wrote; a call that another thread's call interrupts stands on two lines.</summary>
    public static List<SystemCall> Parse(IReadOnlyList<string> lines)
    {
        var calls = new List<SystemCall>();
        var open = new Dictionary<(string Thread, string Name), SystemCall>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (Resumed().Match(lines[i]) is { Success: true } resumed)
            {
                if (open.Remove((resumed.Groups["thread"].Value, resumed.Groups["name"].Value), out var began))
                    calls.Add(began with { Ended = i });
                continue;
            }

            if (Call().Match(lines[i]) is not { Success: true } match)
                continue;
            var call = new SystemCall(match.Groups["name"].Value, match.Groups["path"].Value, lines[i], i, i);
            if (lines[i].EndsWith("<unfinished ...>", StringComparison.Ordinal))
                open[(match.Groups["thread"].Value, call.Name)] = call;
            else if (!lines[i].Contains(" = -1 ", StringComparison.Ordinal))
                calls.Add(call);
        }

        return calls;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Began}-{Ended} {Name} {Path}");

    [GeneratedRegex(@"^(?<thread>\d+) +<\.\.\. (?<name>\w+) resumed>")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<thread>\d+) +(?<name>\w+)\((?:\d+|AT_FDCWD)<(?<path>[^>]*)>")]
    private static partial Regex Call();
}
