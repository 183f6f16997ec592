using System.Text;
using CloudLab.Storage.Blobs;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs;

/// <summary>What every <see cref="IBlobStore"/> promises.</summary>
public abstract class BlobStoreContractTests
{
    /// <summary>Empty at first, the test's own.</summary>
    protected abstract IBlobStore Store { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(1_000_000)]
    public async Task What_was_put_is_read_back(int length)
    {
        var bytes = Bytes(length);
        var put = await Store.PutAsync("images/ami-1/kernel", bytes);
        var head = await Store.HeadAsync("images/ami-1/kernel", Token);
        Assert.Equal(bytes, await Store.ReadAsync("images/ami-1/kernel"));
        Assert.Equal(put, head.Value);
        Assert.Equal("images/ami-1/kernel", put.Name);
        Assert.Equal(length, put.Length);
        Assert.Equal(TimeSpan.Zero, put.LastModified.Offset);
    }

    [Fact]
    public async Task A_content_that_arrives_in_pieces_is_read_to_its_end()
    {
        var bytes = Bytes(200_000);
        var put = await Store.PutAsync("a", new DribblingStream(bytes), BlobCondition.None, Token);
        Assert.True(put.IsOk);
        Assert.Equal(bytes, await Store.ReadAsync("a"));
    }

    [Fact]
    public async Task A_name_without_an_object_is_not_found()
    {
        Assert.Equal(BlobError.NotFound, (await Store.HeadAsync("a", Token)).Error);
        Assert.Equal(BlobError.NotFound, (await Store.GetAsync("a", null, Token)).Error);
        await Store.PutAsync("a/b", [1]);
        Assert.Equal(BlobError.NotFound, (await Store.HeadAsync("a", Token)).Error);
        Assert.Equal(BlobError.NotFound, (await Store.HeadAsync("a/b/c", Token)).Error);
    }

    [Fact]
    public async Task An_overwrite_replaces_content_and_tag()
    {
        var first = await Store.PutAsync("a", [1, 2, 3]);
        var second = await Store.PutAsync("a", [4]);
        Assert.NotEqual(first.Tag, second.Tag);
        Assert.Equal([4], await Store.ReadAsync("a"));
        Assert.Equal(second, (await Store.HeadAsync("a", Token)).Value);
    }

    [Fact]
    public async Task A_reader_keeps_the_version_it_opened()
    {
        var old = Bytes(300_000, 1);
        await Store.PutAsync("a", old);
        var got = await Store.GetAsync("a", null, Token);
        await using var content = got.Value!;
        var start = new byte[10];
        await content.Content.ReadExactlyAsync(start, Token);
        await Store.PutAsync("a", Bytes(300_000, 2));
        await Store.DeleteAsync("a", Token);
        var rest = new MemoryStream();
        await content.Content.CopyToAsync(rest, Token);
        Assert.Equal(old, (byte[])[.. start, .. rest.ToArray()]);
    }

    [Fact]
    public async Task Put_if_absent_takes_effect_only_once()
    {
        Assert.True((await Store.PutAsync("a", [1], BlobCondition.IfAbsent)).IsOk);
        Assert.Equal(BlobError.ConditionFailed, (await Store.PutAsync("a", [2], BlobCondition.IfAbsent)).Error);
        Assert.Equal([1], await Store.ReadAsync("a"));
        await Store.DeleteAsync("a", Token);
        Assert.True((await Store.PutAsync("a", [3], BlobCondition.IfAbsent)).IsOk);
    }

    [Fact]
    public async Task Put_if_tag_replaces_that_version_only()
    {
        Assert.Equal(BlobError.ConditionFailed, (await Store.PutAsync("a", [1], BlobCondition.IfTag("x"))).Error);
        var first = await Store.PutAsync("a", [1]);
        var second = await Store.PutAsync("a", [2], BlobCondition.IfTag(first.Tag));
        Assert.True(second.IsOk);
        Assert.Equal(BlobError.ConditionFailed, (await Store.PutAsync("a", [3], BlobCondition.IfTag(first.Tag))).Error);
        Assert.Equal([2], await Store.ReadAsync("a"));
    }

    [Fact]
    public async Task Of_many_puts_if_absent_at_once_exactly_one_wins()
    {
        for (var round = 0; round < 10; round++)
        {
            var name = $"round/{round}";
            var puts = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Store.PutAsync(name, Text(i), BlobCondition.IfAbsent)));
            var winner = Assert.Single(Enumerable.Range(0, 16), i => puts[i].IsOk);
            Assert.All(puts.Where(p => !p.IsOk), p => Assert.Equal(BlobError.ConditionFailed, p.Error));
            Assert.Equal(Text(winner), await Store.ReadAsync(name));
        }
    }

    [Fact]
    public async Task Conditional_puts_count_without_losing_an_increment()
    {
        const int Writers = 4, Increments = 10;
        await Store.PutAsync("counter", Text(0));
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (var done = 0; done < Increments;)
            {
                await using var current = (await Store.GetAsync("counter", null, Token)).Value!;
                var value = int.Parse(await new StreamReader(current.Content).ReadToEndAsync(Token), null);
                if ((await Store.PutAsync("counter", Text(value + 1), BlobCondition.IfTag(current.Info.Tag))).IsOk)
                    done++;
            }
        }));
        Assert.Equal(Text(Writers * Increments), await Store.ReadAsync("counter"));
    }

    [Fact]
    public async Task Readers_beside_writers_see_whole_versions()
    {
        await Store.PutAsync("a", Bytes(100_000, 0));
        var versions = Enumerable.Range(0, 20).Select(i => Bytes(100_000, i)).ToArray();
        var writer = Task.Run(async () =>
        {
            foreach (var version in versions)
                await Store.PutAsync("a", version);
        }, Token);
        do
        {
            var read = await Store.ReadAsync("a");
            Assert.Contains(versions, version => version.AsSpan().SequenceEqual(read));
        }
        while (!writer.IsCompleted);
        await writer;
    }

    [Fact]
    public async Task Puts_and_deletes_below_one_directory_do_not_disturb_each_other()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            for (var round = 0; round < 10; round++)
            {
                await Store.PutAsync($"shared/deep/{i}", Text(round));
                Assert.Equal(Text(round), await Store.ReadAsync($"shared/deep/{i}"));
                await Store.DeleteAsync($"shared/deep/{i}", Token);
            }
        }));
        Assert.Empty(await Store.NamesAsync());
    }

    [Fact]
    public async Task Every_range_gives_its_bytes()
    {
        var bytes = Bytes(150_000);
        await Store.PutAsync("a", bytes);
        foreach (var offset in new[] { 0, 1, 65535, 65536, 65537, 131072, 149_999 })
        {
            foreach (var length in new[] { 1, 2, 65536, 70_000, 1_000_000 })
            {
                var expected = bytes.AsSpan(offset, Math.Min(length, bytes.Length - offset)).ToArray();
                Assert.Equal(expected, await Store.ReadAsync("a", new BlobRange(offset, length)));
            }
        }

        Assert.Equal(bytes[149_999..], await Store.ReadAsync("a", new BlobRange(149_999, long.MaxValue)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(10, 10)]
    [InlineData(10, long.MaxValue)]
    public async Task A_range_that_starts_past_the_end_is_not_satisfiable(int length, long offset)
    {
        await Store.PutAsync("a", Bytes(length));
        Assert.Equal(BlobError.RangeNotSatisfiable, (await Store.GetAsync("a", new BlobRange(offset, 1), Token)).Error);
    }

    [Fact]
    public async Task A_deleted_object_is_gone_and_deleting_it_again_succeeds()
    {
        await Store.PutAsync("a/b", [1]);
        await Store.PutAsync("a", [1]);
        await Store.DeleteAsync("a/b", Token);
        await Store.DeleteAsync("a/b", Token);
        await Store.DeleteAsync("never/there", Token);
        Assert.Null(await Store.ReadAsync("a/b"));
        Assert.Equal(["a"], await Store.NamesAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("\u0085")]
    [InlineData("/")]
    [InlineData("/absolute")]
    public async Task A_bad_name_is_refused(string name)
    {
        Assert.Equal(BlobError.InvalidName, (await Store.PutAsync(name, [1], BlobCondition.None)).Error);
        Assert.Equal(BlobError.InvalidName, (await Store.HeadAsync(name, Token)).Error);
        Assert.Equal(BlobError.InvalidName, (await Store.GetAsync(name, null, Token)).Error);
        await Store.DeleteAsync(name, Token);
        Assert.Empty(await Store.NamesAsync());
    }

    [Fact]
    public Task A_name_that_is_not_unicode_is_refused() => A_bad_name_is_refused("a\ud800");

    [Fact]
    public async Task A_name_may_have_1024_bytes_and_no_more()
    {
        string[] longest = [new('a', 1024), 'a' + new string('/', 1023), new('é', 512), string.Concat(Enumerable.Repeat("%/", 512)), new('.', 1024)];
        foreach (var name in longest)
        {
            Assert.Equal(1024, Encoding.UTF8.GetByteCount(name));
            await Store.PutAsync(name, Encoding.UTF8.GetBytes(name));
            Assert.Equal(BlobError.InvalidName, (await Store.PutAsync(name + "a", [1], BlobCondition.None)).Error);
        }

        foreach (var name in longest)
            Assert.Equal(Encoding.UTF8.GetBytes(name), await Store.ReadAsync(name));
        Assert.Equal(longest.Order(StringComparer.Ordinal), await Store.NamesAsync());
    }

    [Fact]
    public async Task Names_that_look_like_paths_are_only_names()
    {
        string[] names = ["../up", ".", "..", "./here", "a//b", "a/", "a", "a,blob", "%41", "A", "a\\b", "~", "ø/日本"];
        foreach (var name in names)
            await Store.PutAsync(name, Encoding.UTF8.GetBytes(name));
        foreach (var name in names)
            Assert.Equal(Encoding.UTF8.GetBytes(name), await Store.ReadAsync(name));
        Assert.Equal(names.Length, (await Store.NamesAsync()).Count);
    }

    [Fact]
    public async Task A_listing_is_in_byte_order_and_says_what_head_says()
    {
        foreach (var name in new[] { "b", "a/b", "a-b", "a0", "a", "B", "é", "\U0001F600", "\uFFFD", "a/b/c" })
            await Store.PutAsync(name, Encoding.UTF8.GetBytes(name));
        Assert.Equal(["B", "a", "a-b", "a/b", "a/b/c", "a0", "b", "é", "\uFFFD", "\U0001F600"], await Store.NamesAsync());
        await foreach (var info in Store.ListAsync("", null, Token))
            Assert.Equal((await Store.HeadAsync(info.Name, Token)).Value, info);
    }

    [Fact]
    public async Task A_listing_keeps_to_its_prefix_and_starts_after_a_name()
    {
        foreach (var name in new[] { "a", "a/1", "a/2", "a/2/x", "a/3", "ab", "b" })
            await Store.PutAsync(name, [1]);
        Assert.Equal(["a/1", "a/2", "a/2/x", "a/3"], await Store.NamesAsync("a/"));
        Assert.Equal(["a", "a/1", "a/2", "a/2/x", "a/3", "ab"], await Store.NamesAsync("a"));
        Assert.Equal(["a/2/x", "a/3"], await Store.NamesAsync("a/", "a/2"));
        Assert.Equal(["a/3"], await Store.NamesAsync("a/", "a/2/zzz"));
        Assert.Equal(["b"], await Store.NamesAsync("", "ab"));
        Assert.Empty(await Store.NamesAsync("c"));
        Assert.Empty(await Store.NamesAsync("a/", "b"));
    }

    [Fact]
    public async Task A_put_that_is_cancelled_or_whose_content_fails_leaves_nothing()
    {
        await Store.PutAsync("old", [1]);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var content = new DribblingStream(Bytes(200_000)) { BeforeRead = position => CancelAt(position, cancelled) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.PutAsync("old", content, BlobCondition.None, cancelled.Token));
        var failing = new DribblingStream(Bytes(200_000)) { BeforeRead = FailAt };
        await Assert.ThrowsAsync<EndOfStreamException>(() => Store.PutAsync("new", failing, BlobCondition.None, Token));
        Assert.Equal(["old"], await Store.NamesAsync());
        Assert.Equal([1], await Store.ReadAsync("old"));
    }

    private static void CancelAt(int position, CancellationTokenSource source)
    {
        if (position > 100_000)
            source.Cancel();
    }

    private static void FailAt(int position)
    {
        if (position > 100_000)
            throw new EndOfStreamException("the client went away");
    }
}
