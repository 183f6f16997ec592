namespace CloudLab.ControlPlane.Images.Building;

/// <summary>A directory that comes into being complete or not at all: filled beside its place, then renamed.</summary>
/// <remarks>Disposed without <see cref="Commit"/> it leaves nothing; what a killed process left is removed by the next one.</remarks>
internal sealed class StagedDirectory : IDisposable
{
    private readonly string _target;

    private StagedDirectory(string target, string path)
    {
        _target = target;
        Path = path;
    }

    /// <summary>Where to put the files meanwhile.</summary>
    public string Path { get; }

    public static StagedDirectory Create(string target)
    {
        target = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));
        var parent = System.IO.Path.GetDirectoryName(target)
            ?? throw new ArgumentException("An image can't be the root directory.", nameof(target));
        Directory.CreateDirectory(parent);
        var prefix = $".{System.IO.Path.GetFileName(target)}.staged-";
        foreach (var left in Directory.EnumerateDirectories(parent, prefix + "*"))
            Directory.Delete(left, recursive: true);
        var path = System.IO.Path.Combine(parent, prefix + System.IO.Path.GetRandomFileName());
        Directory.CreateDirectory(path);
        return new(target, path);
    }

    /// <summary>Writes a file and has it on disk before it returns.</summary>
    public async Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var stream = new FileStream(System.IO.Path.Combine(Path, name), FileMode.CreateNew, FileAccess.Write);
        await using (stream.ConfigureAwait(false))
        {
            await stream.WriteAsync(content, cancellationToken).ConfigureAwait(false);
            stream.Flush(flushToDisk: true);
        }
    }

    /// <summary>Puts the directory in its place; an older one makes room and is deleted.</summary>
    public void Commit()
    {
        if (Directory.Exists(_target))
        {
            // A rename can't replace a directory that isn't empty. The name makes the next Create sweep it up.
            var old = Path + "-old";
            Directory.Move(_target, old);
            Directory.Move(Path, _target);
            Directory.Delete(old, recursive: true);
        }
        else
        {
            Directory.Move(Path, _target);
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
