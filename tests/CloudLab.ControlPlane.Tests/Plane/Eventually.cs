using System.Diagnostics;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Plane;

/// <summary>Waits on conditions. The limit is far above what is ever needed: reaching it is a failure, not a measurement.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task HoldsAsync(Func<Task<bool>> condition, Func<string>? found = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < Limit, $"the condition did not come to hold; found {found?.Invoke() ?? "nothing else"}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public static Task HoldsAsync(Func<bool> condition, Func<string>? found = null) =>
        HoldsAsync(() => Task.FromResult(condition()), found);
}
