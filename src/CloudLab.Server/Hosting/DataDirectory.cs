using System.Globalization;
using CloudLab.Storage.Files;

namespace CloudLab.Server.Hosting;

/// <summary>The directory that holds everything, locked against other servers for as long as this object lives.</summary>
/// <remarks>Who holds it stands in <c>lock.holder</c>, beside the lock because a locked file cannot be read through .NET.</remarks>
internal sealed class DataDirectory : IDisposable
{
    private readonly DirectoryLock _lock;

    private DataDirectory(string path, DirectoryLock heldLock)
    {
        Path = path;
        _lock = heldLock;
    }

    public string Path { get; }

    public string BlobDirectory => Combine("blobs");

    /// <summary>The object store behind the S3 service.</summary>
    public string ObjectDirectory => Combine("objects");

    /// <summary>The scratch disks of instances that run; emptied at each start.</summary>
    public string ScratchDirectory => Combine("scratch");

    public string SqliteFile => SqliteFileOf(Path);

    public string AdminTokenFile => Combine("admin.token");

    /// <summary>The certificate and key that <c>--self-signed</c> makes.</summary>
    public string SelfSignedCertificateFile => Combine("self-signed.pem");

    /// <summary>What secrets in the database are encrypted under.</summary>
    public string MasterKeyFile => MasterKeyFileOf(Path);

    /// <summary>The guest image as it was built or imported.</summary>
    public string ImageDirectory => ImageDirectoryOf(Path);

    /// <summary>What image building downloads; can be deleted at any time.</summary>
    public string AptCacheDirectory => Combine("apt-cache");

    public static string SqliteFileOf(string dataDirectory) => System.IO.Path.Combine(dataDirectory, "cloudlab.db");

    public static string MasterKeyFileOf(string dataDirectory) => System.IO.Path.Combine(dataDirectory, "keys", "master.key");

    public static string ImageDirectoryOf(string dataDirectory) => System.IO.Path.Combine(dataDirectory, "image");

    /// <summary>Writes where the server that holds the directory listens, for verbs that ask it.</summary>
    public void Announce(string url) => File.WriteAllText(AddressFileOf(Path), url);

    /// <summary>Where the server that holds the directory listens, or null.</summary>
    public static Uri? AddressOf(string dataDirectory)
    {
        string file = AddressFileOf(dataDirectory);
        return File.Exists(file) && Uri.TryCreate(File.ReadAllText(file), UriKind.Absolute, out Uri? url) ? url : null;
    }

    /// <summary>Creates the directory where it is missing, for its owner only, and locks it.</summary>
    /// <exception cref="StartupException">Someone else holds it, or it cannot be made or written.</exception>
    public static DataDirectory Open(string path)
    {
        string holder = System.IO.Path.Combine(path, "lock.holder");
        try
        {
            return TryOpen(path)
                ?? throw new StartupException($"{path} is in use by {Describe(holder)}. "
                    + "Stop that server first, or choose another directory with --data-dir DIR.");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StartupException($"{path} cannot be used: {e.Message} Choose another directory with --data-dir DIR.", e);
        }
    }

    /// <summary>As <see cref="Open"/>, but null where someone else holds the directory.</summary>
    /// <exception cref="IOException">It cannot be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made or written.</exception>
    public static DataDirectory? TryOpen(string path)
    {
        if (DirectoryLock.TryTake(path) is not { } held) return null;
        File.WriteAllText(System.IO.Path.Combine(path, "lock.holder"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        File.Delete(AddressFileOf(path));
        return new DataDirectory(path, held);
    }

    public void Dispose() => _lock.Dispose();

    private string Combine(string name) => System.IO.Path.Combine(Path, name);

    private static string AddressFileOf(string dataDirectory) => System.IO.Path.Combine(dataDirectory, "lock.address");

    private static string Describe(string holder)
    {
        try
        {
            return "process " + File.ReadAllText(holder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
