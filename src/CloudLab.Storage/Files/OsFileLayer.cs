using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CloudLab.Storage.Files;

/// <summary>The operating system's files.</summary>
internal sealed class OsFileLayer : IFileLayer
{
    /// <summary>How often a directory may be removed by others while it is being made.</summary>
    private const int MaxRemovals = 100;

    public void CreateDirectory(string path)
    {
        for (var removals = 0; ; removals++)
        {
            try
            {
                Directory.CreateDirectory(path);
                return;
            }
            catch (IOException) when (removals < MaxRemovals && IsFreeOrDirectory(path))
            {
                // .NET takes a directory that was there at its mkdir and gone at its look, or whose parent went in between, for a failure.
            }
        }
    }

    public bool TryRemoveDirectory(string path)
    {
        try
        {
            Directory.Delete(path);
            return true;
        }
        catch (IOException)
        {
            // Not empty or not there. A real failure shows itself at the next operation that matters.
            return false;
        }
    }

    public bool TrySyncDirectory(string path)
    {
        using var directory = Posix.OpenDirectory(path);
        if (directory is null)
            return false;
        RandomAccess.FlushToDisk(directory);
        return true;
    }

    public IReadOnlyList<string> List(string path)
    {
        try
        {
            var names = new List<string>();
            foreach (var entry in Directory.EnumerateFileSystemEntries(path))
                names.Add(Path.GetFileName(entry));
            return names;
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    public IFile Create(string path, bool isSecret)
    {
        var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        if (isSecret && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new OsFile(handle);
    }

    public long FreeBytes(string path) => new DriveInfo(path).AvailableFreeSpace;

    public IFile? OpenRead(string path)
    {
        try
        {
            return new OsFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public bool TryRename(string from, string to)
    {
        try
        {
            File.Move(from, to, overwrite: true);
            return true;
        }
        catch (Exception e) when ((e is FileNotFoundException or DirectoryNotFoundException) && File.Exists(from))
        {
            return false;
        }
    }

    public bool Delete(string path)
    {
        if (!File.Exists(path))
            return false;
        File.Delete(path);
        return true;
    }

    /// <summary>Whether neither the path nor a parent of it is a file.</summary>
    private static bool IsFreeOrDirectory(string path)
    {
        for (var part = path; part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
                return false;
        }

        return true;
    }

    private sealed class OsFile(SafeFileHandle handle) : IFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public int Read(long offset, Span<byte> buffer)
        {
            var done = 0;
            while (done < buffer.Length)
            {
                var read = RandomAccess.Read(handle, buffer[done..], offset + done);
                if (read == 0)
                    break;
                done += read;
            }

            return done;
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(handle, bytes, offset);

        public void BeginWriteback(long offset, long length) => Posix.BeginWriteback(handle, offset, length);

        public void Sync() => RandomAccess.FlushToDisk(handle);

        public void Dispose() => handle.Dispose();
    }

    /// <summary>.NET refuses to open a directory, and only an open directory can be synced.</summary>
    private static class Posix
    {
        private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC, the same on x86-64, arm64 and riscv64 Linux.

        private const int NoEntry = 2; // ENOENT

        private const uint Write = 2; // SYNC_FILE_RANGE_WRITE: neither waits nor takes the error that the next fsync is to report.

        public static SafeFileHandle? OpenDirectory(string path)
        {
            var handle = Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnlyCloseOnExec);
            if (!handle.IsInvalid)
                return handle;
            var error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            return error == NoEntry ? null
                : throw new IOException($"Cannot open the directory {path}: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        public static void BeginWriteback(SafeFileHandle file, long offset, long length)
        {
            // A hint: a kernel or file system without it answers with an error, and the sync does everything.
            if (OperatingSystem.IsLinux())
                _ = SyncFileRange(file, offset, length, Write);
        }

        [DllImport("libc", EntryPoint = "sync_file_range")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern SafeFileHandle Open(byte[] path, int flags);
    }
}
