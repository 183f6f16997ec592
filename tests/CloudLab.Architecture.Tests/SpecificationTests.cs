using System.Text.RegularExpressions;
using Xunit;

namespace CloudLab.Architecture.Tests;

/// <summary>docs/SPECIFICATION.md promises only what a test shows.</summary>
public sealed partial class SpecificationTests
{
    private static readonly string[] Rows = [.. Repository.Read("docs/SPECIFICATION.md").Split('\n')
        .Where(line => line.StartsWith('|') && !line.StartsWith("|---", StringComparison.Ordinal) && !line.StartsWith("| Promise", StringComparison.Ordinal))];

    [Fact]
    public void Every_promise_names_a_test() => Offenders.AssertNone(Rows.Where(row => !TestName().IsMatch(row)));

    [Fact]
    public void Every_named_test_is_there()
    {
        var texts = Repository.SourceFiles("tests").Select(file => string.Join('\n', file.Lines)).ToArray();
        Offenders.AssertNone(Rows.SelectMany(row => TestName().Matches(row))
            .Where(name => !texts.Any(text =>
                Regex.IsMatch(text, $@"\bclass {name.Groups["type"].Value}\b")
                && text.Contains($" {name.Groups["method"].Value}(", StringComparison.Ordinal)))
            .Select(name => name.Value));
    }

    [GeneratedRegex(@"`(?<type>\w+Tests)\.(?<method>\w+)`")]
    private static partial Regex TestName();
}
