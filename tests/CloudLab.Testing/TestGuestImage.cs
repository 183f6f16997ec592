using CloudLab.ControlPlane.Images.Building;

namespace CloudLab.Testing;

/// <summary>The built-in guest image, built once for all tests and benchmarks of this user from the sources as they are.</summary>
public static class TestGuestImage
{
    /// <summary>The image; built anew when the recipe in this build of the code differs from the cached image's.</summary>
    /// <exception cref="InvalidOperationException">It cannot be built here; the message says why and what to do.</exception>
    public static async Task<BuiltImage> GetAsync(CancellationToken cancellationToken)
    {
        var cache = TestCache.Directory("test-image");
        using var held = await TestCache.HoldAsync(Path.Combine(cache, "lock"), cancellationToken).ConfigureAwait(false);
        var target = Path.Combine(cache, Recipe());
        var ready = await BuiltImage.OpenAsync(target, cancellationToken).ConfigureAwait(false);
        if (ready.IsOk)
            return ready.Value;

        foreach (var outdated in Directory.GetDirectories(cache).Where(d => Path.GetFileName(d) != "apt"))
            Directory.Delete(outdated, recursive: true);
        var options = new GuestImageOptions { TargetDirectory = target, CacheDirectory = Path.Combine(cache, "apt") };
        var built = await GuestImageBuilder.BuildAsync(options, null, cancellationToken).ConfigureAwait(false);
        return built.IsOk
            ? built.Value
            : throw new InvalidOperationException($"the guest image cannot be built here: {built.Error.Message}");
    }

    /// <summary>Names what the image is made from: the assembly that holds the recipe and the guest's own files.</summary>
    private static string Recipe() => typeof(GuestImageBuilder).Assembly.ManifestModule.ModuleVersionId.ToString("N");
}
