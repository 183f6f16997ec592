namespace CloudLab.Storage.Volumes.Objects;

/// <summary>One object with what was alive in many.</summary>
/// <param name="name">Its name.</param>
/// <param name="first">The first sequence that it stands for.</param>
/// <param name="last">The last one.</param>
internal sealed class Pack(string name, ulong first, ulong last)
{
    private Task<PackDirectory>? _directory;

    public string Name => name;

    public ulong First => first;

    public ulong Last => last;

    /// <summary>Where the slots are; read once.</summary>
    public async Task<PackDirectory> DirectoryAsync(Func<Pack, Task<PackDirectory>> read)
    {
        var reading = _directory ??= read(this);
        try
        {
            return await reading;
        }
        catch
        {
            _directory = null;
            throw;
        }
    }

    public bool Covers(ulong sequence) => sequence >= first && sequence <= last;
}
