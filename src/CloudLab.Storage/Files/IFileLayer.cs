namespace CloudLab.Storage.Files;

/// <summary>The few file operations durability rests on, so that tests can cut the power between any two of them.</summary>
/// <remarks>
/// The order that is relied on is POSIX's: what a file holds survives power loss after <see cref="IFile.Sync"/>, what a
/// directory holds after <see cref="TrySyncDirectory"/>, and nothing before. A rename replaces its target in one step for
/// everyone who looks, and whoever has the old file open keeps it. Paths are absolute. Failures throw <see cref="IOException"/>.
/// </remarks>
internal interface IFileLayer
{
    /// <summary>Creates the directory and its missing parents.</summary>
    void CreateDirectory(string path);

    /// <summary>Removes the directory if it is empty; false if it is not, or is not there.</summary>
    bool TryRemoveDirectory(string path);

    /// <summary>Makes the entries of the directory durable: what was created, renamed and removed in it; false if it is not there.</summary>
    bool TrySyncDirectory(string path);

    /// <summary>The names in the directory, in no order; none if it is not there.</summary>
    IReadOnlyList<string> List(string path);

    /// <summary>Creates a file that must not exist; a secret one is its owner's only before it has content.</summary>
    IFile Create(string path, bool isSecret = false);

    /// <summary>Bytes that can still be written to the disk that holds the directory.</summary>
    long FreeBytes(string path);

    /// <summary>Opens a file for reading; null if it is not there.</summary>
    IFile? OpenRead(string path);

    /// <summary>Moves a file, replacing the target; false if the target's directory is not there.</summary>
    bool TryRename(string from, string to);

    /// <summary>Removes the file; false if it is not there.</summary>
    bool Delete(string path);
}
