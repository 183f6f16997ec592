namespace CloudLab.Storage.Files;

/// <summary>Exclusive ownership of a directory among the processes of this machine.</summary>
/// <remarks>
/// An advisory lock (flock) on the file <c>lock</c> in the directory. The kernel releases it when the process ends, however
/// it ends, so a crash leaves nothing to clean up; the file itself stays. It does not reach across machines that share a
/// network file system.
/// </remarks>
public sealed class DirectoryLock : IDisposable
{
    private const string FileName = "lock";

    // What .NET puts into HResult when a file is locked: EWOULDBLOCK as it is on Unix, ERROR_SHARING_VIOLATION on Windows.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of <paramref name="directory"/>, which is created (for its owner only) where it is missing.</summary>
    /// <returns>The lock, held until it is disposed; null when someone else holds it.</returns>
    /// <exception cref="IOException">The directory cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory or the lock file is not writable.</exception>
    public static DirectoryLock? TryTake(string directory)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            return new DirectoryLock(new FileStream(
                Path.Combine(directory, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
