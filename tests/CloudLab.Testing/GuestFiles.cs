using CloudLab.ControlPlane.Images.Building;

namespace CloudLab.Testing;

/// <summary>Files for a guest beside those of its image: the kernel unpacks archives that follow one another, in order.</summary>
public static class GuestFiles
{
    /// <summary>An initramfs followed by an archive that holds one executable more, at a path without a leading slash.</summary>
    public static async Task<byte[]> AppendExecutableAsync(string initramfsPath, string path, byte[] program, CancellationToken cancellationToken)
    {
        var archive = new CpioArchive();
        archive.AddExecutable(path, program);
        return [.. await File.ReadAllBytesAsync(initramfsPath, cancellationToken).ConfigureAwait(false), .. archive.ToArray()];
    }
}
