using System.Runtime.Versioning;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Files;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs;

/// <summary>The contract, and what is the file store's own, on the operating system's files.</summary>
public sealed class FileBlobStoreTests : BlobStoreContractTests, IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cloudlab-blobs-");
    private FileBlobStore _store;

    public FileBlobStoreTests() => _store = FileBlobStore.Open(_directory.FullName, TimeProvider.System);

    protected override IBlobStore Store => _store;

    public void Dispose()
    {
        _store.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task What_was_put_is_there_after_reopening()
    {
        var put = await _store.PutAsync("a/b", Bytes(100_000));
        Reopen();
        Assert.Equal(put, (await _store.HeadAsync("a/b", TestContext.Current.CancellationToken)).Value);
        Assert.Equal(Bytes(100_000), await _store.ReadAsync("a/b"));
    }

    [Fact]
    public void Nobody_else_can_open_the_store_while_it_is_open()
    {
        Assert.Throws<IOException>(() => FileBlobStore.Open(_directory.FullName, TimeProvider.System));
        Reopen();
    }

    [Fact]
    public async Task Temporary_files_are_collected_at_start_and_do_not_pile_up()
    {
        await _store.PutAsync("a", [1]);
        await _store.PutAsync("a", [1], BlobCondition.IfAbsent);
        var temporary = Path.Combine(_directory.FullName, "tmp");
        Assert.Empty(Directory.GetFiles(temporary));
        await File.WriteAllTextAsync(Path.Combine(temporary, "1"), "torn", TestContext.Current.CancellationToken);
        Reopen();
        Assert.Empty(Directory.GetFiles(temporary));
        Assert.Equal(["a"], await _store.NamesAsync());
    }

    [Fact]
    public async Task Deleting_the_last_object_of_a_directory_removes_it()
    {
        await _store.PutAsync("a/b/c", [1]);
        await _store.PutAsync("a/d", [1]);
        await _store.DeleteAsync("a/b/c", TestContext.Current.CancellationToken);
        Assert.Equal(["d,blob"], Directory.GetFileSystemEntries(Path.Combine(_directory.FullName, "objects", "a")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Files_that_are_not_ours_are_not_objects()
    {
        await _store.PutAsync("a/b", [1]);
        await File.WriteAllTextAsync(
            Path.Combine(_directory.FullName, "objects", "a", "notes.txt"), "hello", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "objects", "lost+found"));
        Assert.Equal(["a/b"], await _store.NamesAsync());
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void The_directory_is_its_owners_only()
    {
        using var store = FileBlobStore.Open(Path.Combine(_directory.FullName, "fresh"), TimeProvider.System);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(_directory.FullName, "fresh")));
    }

    private void Reopen()
    {
        _store.Dispose();
        _store = FileBlobStore.Open(_directory.FullName, TimeProvider.System);
    }
}

/// <summary>The contract on the simulated disk: that it behaves like the operating system's files.</summary>
public sealed class FileBlobStoreOnSimulatedDiskTests : BlobStoreContractTests, IDisposable
{
    private readonly FileBlobStore _store = new("/store", new SimulatedDisk("/store"), TimeProvider.System, null);

    protected override IBlobStore Store => _store;

    public void Dispose() => _store.Dispose();
}
