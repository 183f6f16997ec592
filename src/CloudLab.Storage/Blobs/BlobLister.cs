using System.Text;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs;

/// <summary>Walks the object directories in the names' byte order, one directory in memory per level.</summary>
/// <remarks>Concurrent puts and deletes are seen or not; what is there during the whole walk is seen once.</remarks>
internal sealed class BlobLister(IFileLayer files, string root, string prefix, string? startAfter)
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix);
    private readonly byte[] _startAfter = Encoding.UTF8.GetBytes(startAfter ?? "");

    public IEnumerable<string> Names()
    {
        // The part of the prefix up to its last slash leads straight to a directory.
        var known = _prefix[..(_prefix.AsSpan().LastIndexOf((byte)'/') + 1)];
        var levels = new Stack<Queue<Entry>>();
        levels.Push(Entries(Path.Combine(root, BlobPaths.OfPrefix(known)), known));
        while (levels.TryPeek(out var level))
        {
            if (!level.TryDequeue(out var entry))
                levels.Pop();
            else if (entry.IsObject)
                yield return Encoding.UTF8.GetString(entry.Name);
            else
                levels.Push(Entries(entry.Path, entry.Name));
        }
    }

    private Queue<Entry> Entries(string directory, byte[] above)
    {
        var entries = new List<Entry>();
        foreach (var file in files.List(directory))
        {
            if (BlobPaths.TryParse(file) is not var (key, isObject))
                continue;
            byte[] name = [.. above, .. key];
            if (isObject ? IsWanted(name) : MayHoldWanted(name))
                entries.Add(new Entry(name, isObject, Path.Combine(directory, file)));
        }

        entries.Sort(static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        return new Queue<Entry>(entries);
    }

    private bool IsWanted(ReadOnlySpan<byte> name) =>
        name.StartsWith(_prefix) && (startAfter is null || name.SequenceCompareTo(_startAfter) > 0);

    /// <summary>Whether names that begin with <paramref name="start"/> can be wanted.</summary>
    private bool MayHoldWanted(ReadOnlySpan<byte> start)
    {
        var common = Math.Min(start.Length, _prefix.Length);
        if (!start[..common].SequenceEqual(_prefix.AsSpan(0, common)))
            return false;
        common = Math.Min(start.Length, _startAfter.Length);
        return start[..common].SequenceCompareTo(_startAfter.AsSpan(0, common)) >= 0;
    }

    private readonly record struct Entry(byte[] Name, bool IsObject, string Path);
}
