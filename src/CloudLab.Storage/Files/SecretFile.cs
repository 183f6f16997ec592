namespace CloudLab.Storage.Files;

/// <summary>Small files with secrets: readable by their owner only, whole or not there, durable once made.</summary>
public static class SecretFile
{
    /// <summary>Makes a file that is not there yet. Of several that try at once, also in other processes, one succeeds.</summary>
    /// <param name="path">The file. Its directory is made where it is missing, for its owner only.</param>
    /// <param name="content">All of it.</param>
    /// <returns>False when the file is there; it is left as it is.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory is not writable.</exception>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        try
        {
            Write(path, content, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }

        var files = new OsFileLayer();
        files.TrySyncDirectory(directory);
        if (Path.GetDirectoryName(directory) is { } parent) files.TrySyncDirectory(parent);
        return true;
    }

    /// <summary>Makes a file, or replaces the one that is there by a whole one. Its directory is there.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        Write(path, content, overwrite: true);
        new OsFileLayer().TrySyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void Write(string path, ReadOnlySpan<byte> content, bool overwrite)
    {
        // Each attempt has a draft of its own; what a crash leaves behind is never looked at.
        string draft = $"{path}.{Guid.NewGuid():n}.new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (var stream = new FileStream(draft, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            // Where nothing may be replaced this is a link and an unlink: unlike a rename it leaves alone what is there.
            File.Move(draft, path, overwrite);
        }
        finally
        {
            File.Delete(draft);
        }
    }
}
