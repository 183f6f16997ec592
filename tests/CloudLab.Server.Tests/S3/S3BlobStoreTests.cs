using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Blobs;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Server.Tests.S3;

/// <summary>The blob store's contract on an S3 service: our own.</summary>
public sealed class S3BlobStoreTests(S3Fixture s3) : BlobStoreContractTests, IClassFixture<S3Fixture>, IAsyncLifetime
{
    private IBlobStore? _store;

    protected override IBlobStore Store => _store!;

    public async ValueTask InitializeAsync() => _store = new S3BlobStore(s3.Client, await s3.MakeBucketAsync(), TimeProvider.System);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_large_content_goes_in_parts_and_meets_its_condition_at_the_end()
    {
        byte[] bytes = Bytes((8 << 20) + 1000);
        BlobInfo put = (await Store.PutAsync("large", bytes, BlobCondition.IfAbsent)).Value!;
        Assert.EndsWith("-2", put.Tag, StringComparison.Ordinal);
        Assert.Equal(bytes, await Store.ReadAsync("large"));
        Assert.Equal(BlobError.ConditionFailed, (await Store.PutAsync("large", bytes, BlobCondition.IfAbsent)).Error);
        Assert.True((await Store.PutAsync("large", bytes, BlobCondition.IfTag(put.Tag))).IsOk);
    }
}
