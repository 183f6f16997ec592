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

            // A link and an unlink: unlike a rename it never replaces what is there.
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
        finally
        {
            File.Delete(draft);
        }

        var files = new OsFileLayer();
        files.TrySyncDirectory(directory);
        if (Path.GetDirectoryName(directory) is { } parent) files.TrySyncDirectory(parent);
        return true;
    }
}
