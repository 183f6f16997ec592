using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Files;
using CloudLab.Storage.Volumes;
using Xunit;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>A blob store and hosts with simulated disks, on which volumes are tried.</summary>
internal sealed class VolumeBed(IBlobStore blobs)
{
    private const string Root = "/host";

    public const ulong Size = 8UL << 20;

    private ulong _epoch;

    public IBlobStore Blobs => blobs;

    /// <summary>The disk of the first host.</summary>
    public SimulatedDisk Disk { get; private set; } = new(Root);

    /// <summary>Another host, with an empty disk.</summary>
    public void ChangeHost() => Disk = new(Root);

    public VolumeStore OpenStore(Func<VolumeStoreOptions, VolumeStoreOptions>? change = null)
    {
        var options = new VolumeStoreOptions { LogDirectory = Root + "/log", Files = Disk, DrainInterval = TimeSpan.FromHours(1) };
        return VolumeStore.Open(blobs, change?.Invoke(options) ?? options, TimeProvider.System);
    }

    public static async Task CreateAsync(VolumeStore store, string id = "vol-1", ulong size = Size, SnapshotReference? origin = null) =>
        Assert.Null(await store.CreateAsync(new(id, size) { Origin = origin }, TestContext.Current.CancellationToken));

    /// <summary>Opens a volume with an epoch that was not used yet.</summary>
    public async Task<Volume> OpenAsync(VolumeStore store, string id = "vol-1", bool force = false)
    {
        var opened = await TryOpenAsync(store, id, ++_epoch, force);
        Assert.True(opened.IsOk, opened.Error.ToString());
        return opened.Value;
    }

    public static Task<VolumeResult<Volume>> TryOpenAsync(VolumeStore store, string id, ulong epoch, bool force = false) =>
        store.OpenAsync(id, new(epoch) { Force = force }, TestContext.Current.CancellationToken);
}
