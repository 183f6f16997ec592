namespace CloudLab.Testing;

/// <summary>Where tests keep what is dear to make again: the guest image, an unpacked PostgreSQL.</summary>
internal static class TestCache
{
    /// <summary>A directory of the user's cache, made if missing; for root one that an unprivileged user can read.</summary>
    public static string Directory(params string[] names)
    {
        var variable = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var caches = Environment.IsPrivilegedProcess ? "/var/cache"
            : !string.IsNullOrEmpty(variable) ? variable
            : home.Length > 0 ? Path.Combine(home, ".cache")
            : Path.GetTempPath();
        var directory = Path.Combine([caches, "cloudlab", .. names]);
        System.IO.Directory.CreateDirectory(directory);
        return directory;
    }

    /// <summary>Holds a lock file until disposed, so that test assemblies that run at once make a thing once.</summary>
    public static async Task<IDisposable> HoldAsync(string path, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
