using System.Globalization;
using CloudLab.ControlPlane.Instances;
using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>The scratch disks of this host's instances: thin files <c>ID-N.disk</c> in a directory that nothing else uses.</summary>
/// <remarks>They stay through reboots and go at the stop; what a process that was killed left goes at the next start.</remarks>
public sealed class ScratchStore
{
    private readonly string _directory;

    private ScratchStore(string directory) => _directory = directory;

    /// <summary>Takes the directory over and empties it. The caller holds the data directory's lock.</summary>
    /// <exception cref="IOException">The directory cannot be made or emptied.</exception>
    public static ScratchStore Open(string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (string left in Directory.EnumerateFiles(directory)) File.Delete(left);
        return new ScratchStore(directory);
    }

    /// <summary>Opens an instance's disks, empty ones where they are not there.</summary>
    /// <exception cref="IOException">A file cannot be made.</exception>
    internal IReadOnlyList<IBlockBackend> Open(InstanceId id, IReadOnlyList<long> sizes)
    {
        var disks = new List<IBlockBackend>(sizes.Count);
        for (int i = 0; i < sizes.Count; i++)
        {
            string path = PathOf(id, i);
            if (!File.Exists(path)) Make(path, sizes[i]);
            disks.Add(FileBlockBackend.Open(path, string.Create(CultureInfo.InvariantCulture, $"scratch{i}")));
        }

        return disks;
    }

    /// <summary>Removes an instance's disks, which are closed. Nothing where there are none.</summary>
    internal void Delete(InstanceId id)
    {
        for (int i = 0; i < ScratchDisk.MaxPerInstance; i++) File.Delete(PathOf(id, i));
    }

    // Under another name until it has its size: a half-made one is no disk.
    private static void Make(string path, long size)
    {
        string draft = path + ".new";
        using (FileStream file = File.Create(draft)) file.SetLength(size);
        File.Move(draft, path, overwrite: true);
    }

    private string PathOf(InstanceId id, int index) =>
        Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"{id}-{index}.disk"));
}
