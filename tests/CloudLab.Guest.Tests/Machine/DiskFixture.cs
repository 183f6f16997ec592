using System.Security.Cryptography;
using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Testing;

namespace CloudLab.Guest.Tests.Machine;

/// <summary>A guest with four disks, each of one test: vda in memory, vdb in a file, vdc read-only, vdd in memory.</summary>
public sealed class DiskFixture(BootImage image) : IAsyncLifetime
{
    private const int DiskSize = 16 << 20;

    private readonly TempDirectory _directory = new();
    private readonly Dictionary<string, byte[]> _memory = new()
    {
        ["vda"] = RandomNumberGenerator.GetBytes(DiskSize),
        ["vdc"] = RandomNumberGenerator.GetBytes(DiskSize),
        ["vdd"] = new byte[DiskSize],
    };

    private FileBlockBackend? _file;
    private TestGuest? _guest;

    internal Shell Shell => _guest!.Shell;

    private string FilePath => _directory["disk"];

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllBytesAsync(FilePath, new byte[DiskSize], TestContext.Current.CancellationToken);
        _file = FileBlockBackend.Open(FilePath, "a-file");
        IBlockBackend[] disks =
        [
            new MemoryBlockBackend(_memory["vda"]), _file,
            new MemoryBlockBackend(_memory["vdc"], isReadOnly: true), new MemoryBlockBackend(_memory["vdd"]),
        ];
        _guest = await TestGuest.BootAsync(image.Hypervisor, image.Spec("disks") with { VcpuCount = 2, Disks = disks });
        // The shell does not wait for drivers.
        await Shell.RunAsync("until [ -b /dev/vdd ] && grep -q ext4 /proc/filesystems; do usleep 20000; done");
    }

    /// <summary>The content as the host has it.</summary>
    public byte[] HostContent(string disk)
    {
        if (_memory.TryGetValue(disk, out byte[]? content)) return content;
        using var file = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    /// <summary>The checksum of a disk as the host has it.</summary>
    public string HostSum(string disk) => Convert.ToHexStringLower(SHA256.HashData(HostContent(disk)));

    /// <summary>The checksum of what the guest reads from a disk, nothing of it from its cache.</summary>
    public async Task<string> GuestSumAsync(string disk) =>
        (await Shell.RunAsync($"echo 3 >/proc/sys/vm/drop_caches; sha256sum /dev/{disk}")).Split(' ')[0];

    public async ValueTask DisposeAsync()
    {
        if (_guest is not null) await _guest.DisposeAsync();
        if (_file is not null) await _file.DisposeAsync();
        _directory.Dispose();
    }
}
