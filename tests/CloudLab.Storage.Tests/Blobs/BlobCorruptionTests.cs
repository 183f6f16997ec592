using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Files;
using CsCheck;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs;

/// <summary>Damaged files give an error, never other bytes than were put.</summary>
public sealed class BlobCorruptionTests : IDisposable
{
    private const string Name = "a/b";
    private readonly SimulatedDisk _disk = new("/store");
    private readonly FileBlobStore _store;

    public BlobCorruptionTests() => _store = new FileBlobStore("/store", _disk, TimeProvider.System, null);

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300)]
    public async Task Any_flipped_bit_of_a_small_object_is_found(int length)
    {
        await _store.PutAsync(Name, Bytes(length));
        var path = ObjectPath();
        for (var bit = 0; bit < _disk.Bytes(path).Length * 8; bit++)
        {
            _disk.Bytes(path)[bit / 8] ^= (byte)(1 << (bit % 8));
            await AssertDamagedAsync();
            _disk.Bytes(path)[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(Bytes(length), await _store.ReadAsync(Name));
    }

    [Fact]
    public async Task A_change_anywhere_in_a_large_object_is_found()
    {
        await _store.PutAsync(Name, Bytes(200_000));
        var path = ObjectPath();
        await Gen.Select(Gen.Int[0, _disk.Bytes(path).Length - 1], Gen.Byte[1, 255]).SampleAsync(
            async (at, change) =>
            {
                _disk.Bytes(path)[at] ^= change;
                await AssertDamagedAsync();
                _disk.Bytes(path)[at] ^= change;
            },
            iter: 500,
            threads: 1);
    }

    [Fact]
    public async Task A_file_cut_or_extended_anywhere_is_found()
    {
        await _store.PutAsync(Name, Bytes(300));
        var path = ObjectPath();
        var whole = _disk.Bytes(path);
        for (var length = 0; length < whole.Length; length++)
        {
            _disk.Bytes(path) = whole[..length];
            await AssertDamagedAsync();
        }

        _disk.Bytes(path) = [.. whole, 0];
        await AssertDamagedAsync();
        _disk.Bytes(path) = [.. whole, .. whole];
        await AssertDamagedAsync();
    }

    [Fact]
    public async Task Damage_outside_a_range_does_not_matter_to_it_and_inside_is_found()
    {
        var bytes = Bytes(3 * 65536);
        await _store.PutAsync(Name, bytes);
        _disk.Bytes(ObjectPath())[100_000] ^= 1;
        Assert.Equal(bytes[..65536], await _store.ReadAsync(Name, new BlobRange(0, 65536)));
        Assert.Equal(bytes[131_072..], await _store.ReadAsync(Name, new BlobRange(131_072, 65536)));
        await Assert.ThrowsAsync<InvalidDataException>(() => _store.ReadAsync(Name, new BlobRange(65_536, 1)));
    }

    [Fact]
    public async Task Chunks_that_changed_places_or_came_from_another_file_are_found()
    {
        var bytes = new byte[2 * 65536];
        await _store.PutAsync(Name, bytes);
        var path = ObjectPath();
        var first = BlobFormat.HeaderBytes(Name.Length);
        var chunk = BlobFormat.ChunkBytes + BlobFormat.ChecksumBytes;
        var whole = (byte[])_disk.Bytes(path).Clone();
        whole.AsSpan(first, chunk).CopyTo(_disk.Bytes(path).AsSpan(first + chunk));
        await AssertDamagedAsync();
        await _store.PutAsync(Name, bytes);
        whole.AsSpan(first, chunk).CopyTo(_disk.Bytes(path).AsSpan(first));
        await AssertDamagedAsync();
    }

    [Fact]
    public async Task A_file_under_another_name_is_not_served()
    {
        await _store.PutAsync("one", [1]);
        await _store.PutAsync("two", [2]);
        _disk.Bytes("/store/objects/one,blob") = _disk.Bytes("/store/objects/two,blob");
        Assert.Equal(BlobError.Corrupt, (await _store.HeadAsync("one", TestContext.Current.CancellationToken)).Error);
    }

    [Fact]
    public async Task A_damaged_object_is_listed_without_a_tag_and_can_be_replaced_and_deleted()
    {
        await _store.PutAsync(Name, Bytes(300));
        _disk.Bytes(ObjectPath())[0] ^= 1;
        await foreach (var info in _store.ListAsync("", null, TestContext.Current.CancellationToken))
            Assert.Equal((Name, ""), (info.Name, info.Tag));
        Assert.Equal([Name], await _store.NamesAsync());
        Assert.Equal(BlobError.ConditionFailed, (await _store.PutAsync(Name, [1], BlobCondition.IfAbsent)).Error);
        await _store.PutAsync(Name, [1]);
        Assert.Equal([1], await _store.ReadAsync(Name));
        _disk.Bytes(ObjectPath())[0] ^= 1;
        await _store.DeleteAsync(Name, TestContext.Current.CancellationToken);
        Assert.Empty(await _store.NamesAsync());
    }

    private string ObjectPath() => _disk.FilePaths().Single(path => path.StartsWith("/store/objects/", StringComparison.Ordinal));

    private async Task AssertDamagedAsync() => await Assert.ThrowsAsync<InvalidDataException>(() => _store.ReadAsync(Name));
}
