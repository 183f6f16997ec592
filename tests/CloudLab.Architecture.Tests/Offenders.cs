using Xunit;

namespace CloudLab.Architecture.Tests;

internal static class Offenders
{
    /// <summary>Fails with all of them; xunit's own message would show the first five, cut off.</summary>
    public static void AssertNone(IEnumerable<string> offenders)
    {
        var found = string.Join('\n', offenders);
        Assert.True(found.Length == 0, found);
    }
}
