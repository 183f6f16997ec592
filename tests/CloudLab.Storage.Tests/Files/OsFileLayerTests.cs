using CloudLab.Storage.Files;
using Xunit;

namespace CloudLab.Storage.Tests.Files;

public sealed class OsFileLayerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cloudlab-files-").FullName;

    private readonly OsFileLayer _layer = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_directory_is_made_while_others_remove_it()
    {
        var directory = Path.Combine(_root, "parent", "child");
        using var done = new CancellationTokenSource();
        var remover = Task.Run(
            () =>
            {
                while (!done.IsCancellationRequested)
                {
                    _layer.TryRemoveDirectory(directory);
                    _layer.TryRemoveDirectory(Path.Combine(_root, "parent"));
                }
            },
            TestContext.Current.CancellationToken);
        for (var i = 0; i < 20_000; i++)
            _layer.CreateDirectory(directory);
        await done.CancelAsync();
        await remover;
        _layer.CreateDirectory(directory);
        Assert.True(Directory.Exists(directory));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("file/below")]
    public void A_file_in_the_way_is_a_failure(string path)
    {
        File.WriteAllBytes(Path.Combine(_root, "file"), [1]);
        Assert.ThrowsAny<IOException>(() => _layer.CreateDirectory(Path.Combine(_root, path)));
    }
}
