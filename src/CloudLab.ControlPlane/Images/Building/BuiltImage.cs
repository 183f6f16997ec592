using System.Security.Cryptography;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>A complete image in a directory: <c>kernel</c>, <c>initramfs.cpio</c> and <c>image.json</c>.</summary>
/// <param name="Directory">Where it is.</param>
/// <param name="Manifest">What it is.</param>
public sealed record BuiltImage(string Directory, GuestImageManifest Manifest)
{
    /// <summary>The kernel's file.</summary>
    public string KernelPath => Path.Combine(Directory, GuestImageManifest.KernelFile);

    /// <summary>The initramfs's file.</summary>
    public string InitramfsPath => Path.Combine(Directory, GuestImageManifest.InitramfsFile);

    /// <summary>Opens an image and compares each file with its size and checksum.</summary>
    /// <returns><see cref="BuildErrorCode.ImageInvalid"/> when the directory holds none, or a changed one.</returns>
    public static async Task<BuildResult<BuiltImage>> OpenAsync(string directory, CancellationToken cancellationToken)
    {
        try
        {
            var path = Path.Combine(directory, GuestImageManifest.FileName);
            if (new FileInfo(path) is not { Exists: true, Length: <= GuestImageManifest.MaxBytes })
                return BuildError.Invalid($"'{directory}' holds no guest image.");
            var json = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
            var manifest = GuestImageManifest.Parse(json);
            if (!manifest.IsOk)
                return manifest.Error;

            foreach (var (name, expected) in manifest.Value.Files)
            {
                var stream = File.OpenRead(Path.Combine(directory, name));
                await using (stream.ConfigureAwait(false))
                {
                    if (stream.Length != expected.Size
                        || Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false))
                            != expected.Sha256)
                        return BuildError.Invalid($"The image's {name} is not what its manifest says.");
                }
            }

            return new BuiltImage(directory, manifest.Value);
        }
        catch (IOException e)
        {
            return BuildError.Invalid($"The image in '{directory}' can't be read.") with { Detail = e.Message };
        }
    }
}
