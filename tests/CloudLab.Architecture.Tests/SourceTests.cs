using System.Text.RegularExpressions;
using Xunit;

namespace CloudLab.Architecture.Tests;

/// <summary>Rules that the compiler does not hold.</summary>
public sealed partial class SourceTests
{
    private const int MaxLines = 800;
    private const string UnsafeProject = "CloudLab.Machine";

    [Fact]
    public void Unsafe_code_is_allowed_in_the_machine_only()
    {
        var allowing = Repository.Projects
            .Where(project => project.Value.Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true"))
            .Select(project => project.Key);
        Assert.Equal([UnsafeProject], allowing);
    }

    /// <summary>At least once in the files of a type: Hart.cs speaks for Hart.Traps.cs.</summary>
    [Fact]
    public void Unsafe_code_says_why_it_is_safe() =>
        Offenders.AssertNone(Repository.SourceFiles("src")
            .GroupBy(file => file.Path[..file.Path.IndexOf('.', file.Path.LastIndexOf('/'))])
            .Where(type => type.Any(file => file.Lines.Any(line => UnsafeKeyword().IsMatch(line))))
            .Where(type => !type.Any(file => file.Lines.Any(line => SafetyComment().IsMatch(line))))
            .Select(type => type.Key));

    [Fact]
    public void No_file_is_longer_than_800_lines() =>
        Offenders.AssertNone(Repository.SourceFiles("src")
            .Where(file => file.Lines.Length > MaxLines && !file.Path.Contains("/Migrations/", StringComparison.Ordinal))
            .Select(file => $"{file.Path}: {file.Lines.Length}"));

    [Fact]
    public void Nothing_is_left_for_later_in_a_comment() =>
        Offenders.AssertNone(Repository.SourceFiles("src").Concat(Repository.SourceFiles("tests"))
            .SelectMany(file => file.Lines.Where(line => LeftForLater().IsMatch(line)).Select(line => $"{file.Path}: {line.Trim()}")));

    /// <summary>The keyword in code: not in a comment, and not a word of a text.</summary>
    [GeneratedRegex("""^(?!\s*//)[^"]*\bunsafe\b""")]
    private static partial Regex UnsafeKeyword();

    [GeneratedRegex(@"///? SAFETY\b")]
    private static partial Regex SafetyComment();

    [GeneratedRegex(@"/{2}.*\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex LeftForLater();
}
