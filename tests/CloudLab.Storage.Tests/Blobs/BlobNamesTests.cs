using System.Text;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Files;
using CsCheck;
using Xunit;

namespace CloudLab.Storage.Tests.Blobs;

public sealed class BlobNamesTests
{
    /// <summary>Names over few characters, so that prefixes, slashes and the 80-byte boundary meet often.</summary>
    private static readonly Gen<string> Names = Gen.OneOf(
        Gen.OneOf("a", "b", "/", "-", "0", ".", "%", ",", "é", "\U0001F600"),
        Gen.OneOf(new string('a', 78), new string('a', 79), new string('a', 80), new string('a', 160)))
        .Array[1, 6].Select(string.Concat);

    [Fact]
    public void File_names_and_paths_stay_within_the_limits_of_the_file_system() =>
        Gen.Byte[0x20, 0x7E].Array[1, 1024].Sample(name =>
        {
            var path = BlobPaths.OfObject(name);
            Assert.True(path.Length < 3800);
            Assert.All(path.Split('/'), part => Assert.InRange(part.Length, 1, 255));
            Assert.DoesNotContain(path.Split('/'), part => part is "." or "..");
        });

    [Fact]
    public void The_entries_of_a_path_spell_the_name() =>
        Names.Sample(name =>
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            var entries = BlobPaths.OfObject(bytes).Split('/').Select(entry => BlobPaths.TryParse(entry)!.Value).ToArray();
            Assert.Equal(bytes, entries.SelectMany(entry => entry.Key));
            Assert.All(entries[..^1], entry => Assert.False(entry.IsObject));
            Assert.True(entries[^1].IsObject);
        });

    [Fact]
    public Task A_listing_is_the_sorted_names_with_the_prefix_after_the_start() =>
        Gen.Select(Names.Where(name => name[0] != '/').Array[0, 20], Names.Null(), Names.Null()).SampleAsync(
            async (names, prefix, startAfter) =>
            {
                var store = new FileBlobStore("/store", new SimulatedDisk("/store"), TimeProvider.System, null);
                foreach (var name in names)
                    await store.PutAsync(name, []);
                var expected = names.Distinct()
                    .Where(name => name.StartsWith(prefix ?? "", StringComparison.Ordinal))
                    .Where(name => startAfter is null || Compare(name, startAfter) > 0)
                    .Order(Comparer<string>.Create(Compare));
                Assert.Equal(expected, await store.NamesAsync(prefix ?? "", startAfter));
            },
            iter: 2000);

    private static int Compare(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}
