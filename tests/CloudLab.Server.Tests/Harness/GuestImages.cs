using System.Security.Cryptography;
using CloudLab.ControlPlane.Images.Building;

namespace CloudLab.Server.Tests.Harness;

/// <summary>Guest images in the form that <c>images build</c> leaves, around a kernel of a few instructions.</summary>
internal static class GuestImages
{
    /// <summary>Writes an image with this kernel.</summary>
    public static void Write(string directory, byte[] kernel)
    {
        byte[] initramfs = "an archive"u8.ToArray();
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, GuestImageManifest.KernelFile), kernel);
        File.WriteAllBytes(Path.Combine(directory, GuestImageManifest.InitramfsFile), initramfs);
        var manifest = new GuestImageManifest
        {
            Format = GuestImageManifest.CurrentFormat,
            Name = GuestImageBuilder.ImageName,
            Architecture = "riscv64",
            KernelRelease = "0.0.0-test",
            CommandLine = "console=ttyS0",
            Packages = new Dictionary<string, string>(),
            Files = new Dictionary<string, GuestImageFile>
            {
                [GuestImageManifest.KernelFile] = Describe(kernel),
                [GuestImageManifest.InitramfsFile] = Describe(initramfs),
            },
        };
        File.WriteAllBytes(Path.Combine(directory, GuestImageManifest.FileName), manifest.ToJson());
    }

    private static GuestImageFile Describe(byte[] content) => new(content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
}
