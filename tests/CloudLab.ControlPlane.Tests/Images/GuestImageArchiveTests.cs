using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Testing;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class GuestImageArchiveTests : IDisposable
{
    private static readonly byte[] Kernel = RandomNumberGenerator.GetBytes(5000);
    private static readonly byte[] InitramfsBytes = RandomNumberGenerator.GetBytes(3000);

    private readonly TempDirectory _temp = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_exported_image_imports_as_the_same(bool compress)
    {
        await WriteImageAsync(_temp["image"]);
        Assert.Null(await GuestImageArchive.ExportAsync(_temp["image"], _temp["archive"], compress, Token));

        var imported = await GuestImageArchive.ImportAsync(_temp["archive"], _temp["copy"], Token);
        Assert.True(imported.IsOk, imported.Error?.ToString());
        foreach (var file in (string[])[GuestImageManifest.FileName, GuestImageManifest.KernelFile, GuestImageManifest.InitramfsFile])
            Assert.Equal(await File.ReadAllBytesAsync(_temp["image/" + file], Token), await File.ReadAllBytesAsync(_temp["copy/" + file], Token));
        Assert.True((await BuiltImage.OpenAsync(_temp["copy"], Token)).IsOk);
        AssertNothingElse("image", "archive", "copy");
    }

    [Fact]
    public async Task The_same_image_gives_the_same_archive()
    {
        await WriteImageAsync(_temp["image"]);
        await GuestImageArchive.ExportAsync(_temp["image"], _temp["one"], false, Token);
        await GuestImageArchive.ExportAsync(_temp["image"], _temp["two"], false, Token);
        Assert.Equal(await File.ReadAllBytesAsync(_temp["one"], Token), await File.ReadAllBytesAsync(_temp["two"], Token));
    }

    [Fact]
    public async Task A_changed_image_is_neither_opened_nor_exported()
    {
        await WriteImageAsync(_temp["image"]);
        await File.WriteAllBytesAsync(_temp["image/kernel"], [.. Kernel[..^1], (byte)~Kernel[^1]], Token);

        Assert.Equal(BuildErrorCode.ImageInvalid, (await BuiltImage.OpenAsync(_temp["image"], Token)).Error?.Code);
        var error = await GuestImageArchive.ExportAsync(_temp["image"], _temp["archive"], false, Token);
        Assert.Equal(BuildErrorCode.ImageInvalid, error?.Code);
        AssertNothingElse("image");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task However_an_archive_is_cut_or_changed_it_is_refused_or_whole_and_the_old_image_stays(bool compress)
    {
        await WriteImageAsync(_temp["image"]);
        await GuestImageArchive.ExportAsync(_temp["image"], _temp["archive"], compress, Token);
        var archive = await File.ReadAllBytesAsync(_temp["archive"], Token);
        var manifest = await File.ReadAllBytesAsync(_temp["image/image.json"], Token);
        await Gen.Select(Gen.Int[0, archive.Length], Gen.Select(Gen.Int[0, archive.Length - 1], Gen.Byte).Array[0, 2]).SampleAsync(
            async (length, edits) =>
            {
                using var own = new TempDirectory();
                var damaged = archive.ToArray();
                foreach (var (at, value) in edits)
                    damaged[at] = value;
                await File.WriteAllBytesAsync(own["archive"], damaged[..length], Token);
                var imported = await GuestImageArchive.ImportAsync(own["archive"], own["copy"], Token);
                if (imported.IsOk)
                {
                    // Unused bytes of a header or the text of the manifest may differ; the files may not.
                    Assert.Equal(Kernel, await File.ReadAllBytesAsync(own["copy/kernel"], Token));
                    Assert.Equal(InitramfsBytes, await File.ReadAllBytesAsync(own["copy/initramfs.cpio"], Token));
                }
                else
                {
                    Assert.Equal(BuildErrorCode.ImageInvalid, imported.Error.Code);
                    Assert.Equal([own["archive"]], Directory.GetFileSystemEntries(own.Path));
                }
            },
            iter: 300, threads: 1);
        Assert.Equal(manifest, await File.ReadAllBytesAsync(_temp["image/image.json"], Token));
    }

    [Fact]
    public async Task A_refused_archive_leaves_the_image_that_was_there()
    {
        await WriteImageAsync(_temp["image"]);
        await File.WriteAllBytesAsync(_temp["archive"], new byte[10240], Token);
        Assert.False((await GuestImageArchive.ImportAsync(_temp["archive"], _temp["image"], Token)).IsOk);
        Assert.True((await BuiltImage.OpenAsync(_temp["image"], Token)).IsOk);
        AssertNothingElse("image", "archive");
    }

    public static TheoryData<string> HostileArchives =>
        ["traversal", "absolute", "link", "extra", "order", "oversized", "bomb", "pax-bomb", "huge-manifest"];

    [Theory]
    [MemberData(nameof(HostileArchives))]
    public async Task A_hostile_archive_is_refused_and_leaves_nothing(string kind)
    {
        var json = Manifest().ToJson();
        await WriteArchiveAsync(_temp["archive"], kind is "bomb" or "pax-bomb", writer =>
        {
            void Add(string name, byte[] content) => writer.WriteEntry(
                new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            switch (kind)
            {
                case "traversal":
                    Add("image.json", json);
                    Add("../initramfs.cpio", InitramfsBytes);
                    break;
                case "absolute":
                    Add("/image.json", json);
                    break;
                case "link":
                    Add("image.json", json);
                    writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "initramfs.cpio") { LinkName = "/etc/passwd" });
                    break;
                case "extra":
                    Add("image.json", json);
                    Add("initramfs.cpio", InitramfsBytes);
                    Add("kernel", Kernel);
                    Add("more", [1]);
                    break;
                case "order":
                    Add("kernel", Kernel);
                    Add("image.json", json);
                    break;
                case "oversized":
                    Add("image.json", json);
                    Add("initramfs.cpio", [.. InitramfsBytes, 0]);
                    break;
                case "bomb":
                    Add("image.json", json);
                    Add("initramfs.cpio", new byte[50 << 20]);
                    break;
                case "pax-bomb":
                    var attributes = new Dictionary<string, string> { ["comment"] = new('x', 20 << 20) };
                    writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "image.json", attributes)
                    {
                        DataStream = new MemoryStream(json),
                    });
                    break;
                case "huge-manifest":
                    Add("image.json", new byte[1 << 20]);
                    break;
            }
        });

        var imported = await GuestImageArchive.ImportAsync(_temp["archive"], _temp["copy"], Token);
        Assert.Equal(BuildErrorCode.ImageInvalid, imported.Error?.Code);
        AssertNothingElse("archive");
    }

    [Theory]
    [InlineData("""{"format":2""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"format":1,"name":"x","architecture":"riscv64","kernelRelease":"6","commandLine":"","packages":{},"files":{}}""")]
    public void A_manifest_that_is_none_is_refused(string json) =>
        Assert.Equal(
            BuildErrorCode.ImageInvalid, GuestImageManifest.Parse(System.Text.Encoding.UTF8.GetBytes(json)).Error?.Code);

    private static GuestImageManifest Manifest() => new()
    {
        Format = GuestImageManifest.CurrentFormat,
        Name = "test",
        Architecture = "riscv64",
        KernelRelease = "6.12.1+test",
        CommandLine = "quiet",
        Packages = new Dictionary<string, string> { ["linux"] = "1" },
        Files = new Dictionary<string, GuestImageFile>
        {
            ["kernel"] = new(Kernel.Length, Convert.ToHexStringLower(SHA256.HashData(Kernel))),
            ["initramfs.cpio"] = new(InitramfsBytes.Length, Convert.ToHexStringLower(SHA256.HashData(InitramfsBytes))),
        },
    };

    private static async Task WriteImageAsync(string directory)
    {
        using var staged = StagedDirectory.Create(directory);
        await staged.WriteAsync("kernel", Kernel, Token);
        await staged.WriteAsync("initramfs.cpio", InitramfsBytes, Token);
        await staged.WriteAsync("image.json", Manifest().ToJson(), Token);
        staged.Commit();
    }

    private static async Task WriteArchiveAsync(string file, bool compress, Action<TarWriter> write)
    {
        await using var output = File.Create(file);
        await using var packed = compress ? new GZipStream(output, CompressionLevel.Optimal) : (Stream)output;
        await using var writer = new TarWriter(packed, TarEntryFormat.Ustar, leaveOpen: true);
        write(writer);
    }

    private void AssertNothingElse(params string[] names) =>
        Assert.Equal(names.Order(StringComparer.Ordinal), Directory.GetFileSystemEntries(_temp.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
}
