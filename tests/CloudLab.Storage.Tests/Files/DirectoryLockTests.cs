using CloudLab.Storage.Files;
using Xunit;

namespace CloudLab.Storage.Tests.Files;

public sealed class DirectoryLockTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cloudlab-lock-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_directory_has_one_owner_at_a_time()
    {
        using (var first = DirectoryLock.TryTake(_directory.FullName))
        {
            Assert.NotNull(first);
            Assert.Null(DirectoryLock.TryTake(_directory.FullName));
        }

        using var second = DirectoryLock.TryTake(_directory.FullName);
        Assert.NotNull(second);
    }

    [Fact]
    public void A_missing_directory_is_created()
    {
        using var taken = DirectoryLock.TryTake(Path.Combine(_directory.FullName, "a", "b"));
        Assert.NotNull(taken);
    }

    [Fact]
    public void A_directory_that_cannot_be_created_is_an_error_and_not_a_lock_held_by_another()
    {
        var file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "");
        Assert.ThrowsAny<IOException>(() => DirectoryLock.TryTake(Path.Combine(file, "below")));
    }
}
