using CloudLab.Machine;

namespace CloudLab.Benchmarks;

/// <summary>What several benchmarks do with a hypervisor.</summary>
internal static class HypervisorExtensions
{
    /// <summary>Loads an image from a file; its name is the file's.</summary>
    public static async Task<GuestImage> LoadFileAsync(this Hypervisor hypervisor, string path)
    {
        await using FileStream file = File.OpenRead(path);
        return await hypervisor.LoadImageAsync(Path.GetFileName(path), file, CancellationToken.None);
    }
}
