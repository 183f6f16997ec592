using Xunit;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>Waits for what happens in the background.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until the value is the expected one; after half a minute fails with what it is.</summary>
    public static async Task BecomesAsync<T>(Func<T> value, T expected)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!Equals(value(), expected) && TimeProvider.System.GetElapsedTime(start) < Patience)
            await Task.Yield();
        Assert.Equal(expected, value());
    }
}
