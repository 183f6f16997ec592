using System.Reflection;
using System.Text;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>Composes the guest's initramfs: busybox, a few modules, and the files of <c>deploy/guest</c>.</summary>
internal static class Initramfs
{
    /// <summary>Where modules are, without the release: init's script loads them from there in its own order.</summary>
    private const string ModuleDirectory = "lib/modules";

    /// <summary>The modules the guest loads, in an order that satisfies their dependencies. What isn't here is built in.</summary>
    public static readonly IReadOnlyList<string> Modules =
    [
        "virtio_mmio", "virtio_blk", "virtio-rng", "virtio_input", "evdev",
        "crc32c_generic", "crc16", "mbcache", "jbd2", "ext4",
        "scsi_common", "scsi_mod", "sd_mod", "virtio_scsi",
    ];

    private static readonly string[] Directories =
        ["bin", "dev", "etc", "etc/acpi", "etc/acpi/PWRF", "lib", ModuleDirectory, "mnt", "proc", "root", "run", "sys", "tmp", "usr", "var"];

    /// <summary>Path in the guest, name in <c>deploy/guest</c>, executable.</summary>
    private static readonly (string Path, string Source, bool IsExecutable)[] Files =
    [
        ("etc/inittab", "inittab", false),
        ("etc/profile", "profile", false),
        ("etc/cloudlab/start", "start", true),
        ("etc/cloudlab/modules", "modules", true),
        ("etc/cloudlab/agent", "agent", true),
        ("etc/cloudlab/user-data", "user-data", true),
        ("etc/acpi/PWRF/00000080", "power-key", true),
    ];

    /// <param name="busybox">The static busybox of the guest's architecture.</param>
    /// <param name="modules">Prepared modules by name; all of <see cref="Modules"/>.</param>
    /// <exception cref="InvalidDataException">busybox has no list of applets.</exception>
    public static byte[] Compose(byte[] busybox, IReadOnlyDictionary<string, byte[]> modules)
    {
        var archive = new CpioArchive();
        foreach (var directory in Directories)
            archive.AddDirectory(directory);
        archive.AddDirectory("etc/cloudlab");

        // The kernel opens /dev/console for init before anything is mounted there.
        archive.AddCharacterDevice("dev/console", 5, 1, 0b110_000_000);
        archive.AddCharacterDevice("dev/null", 1, 3, 0b110_110_110);

        archive.AddExecutable("bin/busybox", busybox);
        foreach (var applet in BusyboxApplets.Read(busybox))
            archive.AddLink($"bin/{applet}", "busybox");
        archive.AddLink("init", "bin/busybox");
        archive.AddLink("sbin", "bin");
        archive.AddLink("usr/bin", "../bin");
        archive.AddLink("usr/sbin", "../bin");

        foreach (var name in Modules)
            archive.AddFile($"{ModuleDirectory}/{name}.ko", modules[name]);
        foreach (var (path, source, isExecutable) in Files)
        {
            if (isExecutable)
                archive.AddExecutable(path, Resource(source));
            else
                archive.AddFile(path, Resource(source));
        }

        archive.AddFile("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"u8.ToArray());
        archive.AddFile("etc/group", "root:x:0:\n"u8.ToArray());
        return archive.ToArray();
    }

    private static byte[] Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"guest/{name}")
            ?? throw new InvalidOperationException($"The assembly has no guest file '{name}'.");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        // A checkout with other line ends must not change what the guest's shell reads.
        return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content).ReplaceLineEndings("\n"));
    }
}
