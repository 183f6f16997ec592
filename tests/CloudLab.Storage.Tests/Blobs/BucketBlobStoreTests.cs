using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Blobs.Objects;
using Xunit;

namespace CloudLab.Storage.Tests.Blobs;

/// <summary>The blob store's contract on a bucket of the object store.</summary>
public sealed class BucketBlobStoreTests : BlobStoreContractTests, IAsyncLifetime
{
    private readonly StoreHarness _harness = StoreHarness.Real();
    private BucketBlobStore? _store;

    protected override IBlobStore Store => _store!;

    public async ValueTask InitializeAsync() => _store =
        await BucketBlobStore.OpenAsync(_harness.Store, "system", "", TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _harness.DisposeAsync();
}
