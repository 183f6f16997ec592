using CloudLab.Storage.Blobs.Metadata;
using CloudLab.Storage.Blobs.Objects;
using CloudLab.Storage.Tests.Files;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>A store that can be reopened: on the simulated disk with an index in memory, or on real files with RocksDB.</summary>
internal sealed class StoreHarness : IAsyncDisposable
{
    private const string SimulatedRoot = "/store";

    private readonly DirectoryInfo? _directory;

    private StoreHarness(bool isReal, ObjectStoreOptions? options)
    {
        _directory = isReal ? Directory.CreateTempSubdirectory("cloudlab-objects-") : null;
        Options = (options ?? new ObjectStoreOptions { Directory = "" }) with
        {
            Directory = _directory?.FullName ?? SimulatedRoot,
            ScrubBytesPerSecond = 0,
        };
        Store = Open();
    }

    public ObjectStoreOptions Options { get; }

    public SimulatedDisk Disk { get; } = new(SimulatedRoot);

    public MemoryIndex Index { get; } = new();

    public ObjectStore Store { get; private set; }

    public string Root => Options.Directory;

    /// <summary>InlineBytes is small here, so that small bodies make files.</summary>
    public static StoreHarness Simulated(int inlineBytes = 1000) =>
        new(isReal: false, new ObjectStoreOptions { Directory = "", InlineBytes = inlineBytes });

    public static StoreHarness Real(int inlineBytes = 64 << 10) =>
        new(isReal: true, new ObjectStoreOptions { Directory = "", InlineBytes = inlineBytes });

    public async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = Open();
    }

    /// <summary>Leaves the store as a dead process does, and opens another on what is there.</summary>
    public void Abandon() => Store = Open();

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _directory?.Delete(recursive: true);
    }

    private ObjectStore Open() => _directory is not null
        ? ObjectStore.Open(Options, TimeProvider.System)
        : new ObjectStore(Options, TimeProvider.System, Disk, (IObjectIndex)Index, null);
}
