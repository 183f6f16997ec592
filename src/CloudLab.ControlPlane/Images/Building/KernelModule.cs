using SharpCompress.Compressors.Xz;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>Makes a packaged kernel module as small as it can be and still load.</summary>
internal static class KernelModule
{
    /// <summary>The largest module Debian ships is below a quarter of this.</summary>
    private const int MaxModuleBytes = 64 << 20;

    /// <summary>Unpacks a .ko or .ko.xz file and removes the signature and what isn't needed to load it.</summary>
    /// <exception cref="InvalidDataException">It isn't a module, or a damaged one.</exception>
    public static byte[] Prepare(byte[] file)
    {
        ReadOnlySpan<byte> xz = [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];
        return ModuleStripper.Strip(file.AsSpan().StartsWith(xz) ? Decompress(file) : file);
    }

    private static byte[] Decompress(byte[] file)
    {
        using var input = new XZStream(new MemoryStream(file, writable: false));
        using var output = new MemoryStream(file.Length * 8);
        var buffer = new byte[64 << 10];
        int read;
        while ((read = input.Read(buffer)) > 0)
        {
            if (output.Length + read > MaxModuleBytes)
                throw new InvalidDataException("A kernel module unpacks to more than 64 MiB.");
            output.Write(buffer, 0, read);
        }

        return output.ToArray();
    }
}
