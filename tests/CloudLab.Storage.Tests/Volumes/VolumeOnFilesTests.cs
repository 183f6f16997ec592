using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes;
using Xunit;
using static CloudLab.Storage.Tests.Volumes.VolumeExtensions;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>Volumes with their logs on the operating system's files.</summary>
public sealed class VolumeOnFilesTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cloudlab-volumes-");
    private readonly FileBlobStore _blobs;

    public VolumeOnFilesTests() => _blobs = FileBlobStore.Open(Path.Combine(_directory.FullName, "blobs"), TimeProvider.System);

    private string Logs => Path.Combine(_directory.FullName, "logs");

    public void Dispose()
    {
        _blobs.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_log_of_several_segments_is_taken_up_again_flushed_and_gone_after_closing()
    {
        var bytes = Pattern(1 << 20, 1);
        await using (var store = Open())
        {
            await VolumeBed.CreateAsync(store, size: 128 << 20);
            var volume = (await VolumeBed.TryOpenAsync(store, "vol-1", 1)).Value!;
            for (var i = 0; i < 80; i++)
                await volume.WriteAsync((ulong)i << 20, bytes);
        }

        await using var again = Open();
        var reopened = (await VolumeBed.TryOpenAsync(again, "vol-1", 1)).Value!;
        await reopened.WriteAsync(0, Pattern(4096, 2));
        await reopened.FlushAsync();
        for (var i = 1; i < 80; i++)
            Assert.Equal(bytes, await reopened.ReadAsync((ulong)i << 20, 1 << 20));
        Assert.Equal(Pattern(4096, 2), await reopened.ReadAsync(0, 4096));
        await reopened.CloseAsync();
        Assert.Equal([Path.Combine(Logs, "lock")], Directory.EnumerateFileSystemEntries(Logs));
        reopened = (await VolumeBed.TryOpenAsync(again, "vol-1", 2)).Value!;
        Assert.Equal(Pattern(4096, 2), await reopened.ReadAsync(0, 4096));
        Assert.Equal(bytes, await reopened.ReadAsync(79 << 20, 1 << 20));
    }

    [Fact]
    public async Task Nobody_else_can_use_the_log_directory()
    {
        await using var store = Open();
        Assert.Throws<IOException>(Open);
    }

    private VolumeStore Open() => VolumeStore.Open(_blobs, new VolumeStoreOptions { LogDirectory = Logs }, TimeProvider.System);
}
