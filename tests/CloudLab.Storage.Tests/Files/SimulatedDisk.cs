using CloudLab.Storage.Files;

namespace CloudLab.Storage.Tests.Files;

/// <summary>A file layer in memory that forgets what was not synced.</summary>
/// <remarks>
/// The power can be cut before any operation (<see cref="CutAfter"/>). What then survives is chosen at random, within what
/// POSIX allows: of a file's unsynced bytes any sectors, of a directory's unsynced entries any subset; a rename is two
/// independent entries, one in each directory, and a directory whose removal is lost comes back with what it durably held.
/// </remarks>
internal sealed class SimulatedDisk(string root) : IFileLayer
{
    private readonly Lock _lock = new();
    private readonly SimulatedDirectory _root = new();

    /// <summary>How many operations have been done.</summary>
    public int Operations { get; private set; }

    /// <summary>Operations from this number on fail.</summary>
    public int CutAfter { get; set; } = int.MaxValue;

    /// <summary>Called with the path before a directory is synced.</summary>
    public Action<string>? BeforeDirectorySync { get; set; }

    /// <summary>Called before a file is written; what it throws fails the write after half of it was done.</summary>
    public Action? BeforeWrite { get; set; }

    /// <summary>Called before a file is synced; what it throws fails the sync.</summary>
    public Action? BeforeSync { get; set; }

    /// <summary>An operation of something else that is on the same power.</summary>
    public void Tick()
    {
        lock (_lock)
            Step();
    }

    /// <summary>The process has died: what it had not synced is still in the cache.</summary>
    public void Restart()
    {
        Operations = 0;
        CutAfter = int.MaxValue;
    }

    /// <summary>The power has been off: what was not synced is kept or lost at random.</summary>
    public void LosePower(Random random)
    {
        lock (_lock)
        {
            _root.LosePower(random);
            Restart();
        }
    }

    /// <summary>All paths of files.</summary>
    public IEnumerable<string> FilePaths()
    {
        lock (_lock)
            return [.. FilePaths(root, _root)];
    }

    /// <summary>The bytes of a file, as they are.</summary>
    public ref byte[] Bytes(string path) => ref Find<SimulatedFile>(path)!.Current;

    public void CreateDirectory(string path)
    {
        lock (_lock)
        {
            Step();
            var directory = _root;
            foreach (var name in Parts(path))
            {
                if (!directory.Entries.ContainsKey(name))
                    directory.Change(name, new SimulatedDirectory());
                directory = (SimulatedDirectory)directory.Entries[name];
            }
        }
    }

    public bool TryRemoveDirectory(string path)
    {
        lock (_lock)
        {
            Step();
            if (Find<SimulatedDirectory>(path) is not { Entries.Count: 0 })
                return false;
            Parent(path)!.Change(Path.GetFileName(path), null);
            return true;
        }
    }

    public bool TrySyncDirectory(string path)
    {
        BeforeDirectorySync?.Invoke(path);
        lock (_lock)
        {
            Step();
            var directory = Find<SimulatedDirectory>(path);
            directory?.Sync();
            return directory is not null;
        }
    }

    public IReadOnlyList<string> List(string path)
    {
        lock (_lock)
        {
            Step();
            return Find<SimulatedDirectory>(path) is { } directory ? [.. directory.Entries.Keys] : [];
        }
    }

    /// <summary>What the disk says is left.</summary>
    public long Free { get; set; } = long.MaxValue;

    public long FreeBytes(string path) => Free;

    public IFile Create(string path, bool isSecret)
    {
        lock (_lock)
        {
            Step();
            if (Find<Node>(path) is not null)
                throw new IOException($"{path} exists");
            var file = new SimulatedFile();
            Parent(path)!.Change(Path.GetFileName(path), file);
            return new Handle(this, file);
        }
    }

    public IFile? OpenRead(string path)
    {
        lock (_lock)
        {
            Step();
            return Find<SimulatedFile>(path) is { } file ? new Handle(this, file) : null;
        }
    }

    public bool TryRename(string from, string to)
    {
        lock (_lock)
        {
            Step();
            var file = Find<SimulatedFile>(from) ?? throw new FileNotFoundException(from);
            if (Parent(to) is not { } target)
                return false;
            target.Change(Path.GetFileName(to), file);
            Parent(from)!.Change(Path.GetFileName(from), null);
            return true;
        }
    }

    public bool Delete(string path)
    {
        lock (_lock)
        {
            Step();
            if (Find<SimulatedFile>(path) is null)
                return false;
            Parent(path)!.Change(Path.GetFileName(path), null);
            return true;
        }
    }

    private static IEnumerable<string> FilePaths(string path, Node node) =>
        node is SimulatedDirectory directory
            ? directory.Entries.SelectMany(entry => FilePaths(Path.Combine(path, entry.Key), entry.Value)) : [path];

    private string[] Parts(string path) => path[root.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);

    private SimulatedDirectory? Parent(string path) => Find<SimulatedDirectory>(Path.GetDirectoryName(path)!);

    private T? Find<T>(string path)
        where T : Node
    {
        Node? node = _root;
        foreach (var name in Parts(path))
            node = (node as SimulatedDirectory)?.Entries.GetValueOrDefault(name);
        return node as T;
    }

    private void Step()
    {
        if (Operations >= CutAfter)
            throw new IOException("The power is off.");
        Operations++;
    }

    private abstract class Node
    {
        public abstract void LosePower(Random random);
    }

    private sealed class SimulatedDirectory : Node
    {
        private readonly List<(string Name, Node? Node)> _unsynced = [];
        private Dictionary<string, Node> _durable = [];

        public Dictionary<string, Node> Entries { get; private set; } = [];

        /// <summary>Enters the node under the name, or removes the name.</summary>
        public void Change(string name, Node? node)
        {
            _unsynced.Add((name, node));
            Apply(Entries, name, node);
        }

        public void Sync()
        {
            _durable = new(Entries);
            _unsynced.Clear();
        }

        public override void LosePower(Random random)
        {
            foreach (var (name, node) in _unsynced)
            {
                if (random.Next(2) == 0)
                    Apply(_durable, name, node);
            }

            _unsynced.Clear();
            Entries = new(_durable);
            foreach (var node in Entries.Values)
                node.LosePower(random);
        }

        private static void Apply(Dictionary<string, Node> entries, string name, Node? node)
        {
            if (node is not null)
                entries[name] = node;
            else
                entries.Remove(name);
        }
    }

    private sealed class SimulatedFile : Node
    {
        private const int SectorBytes = 512;
        private byte[] _durable = [];

        public byte[] Current = [];

        public void Sync() => _durable = [.. Current];

        public override void LosePower(Random random)
        {
            if (Current.AsSpan().SequenceEqual(_durable))
                return;
            var after = new byte[random.Next(_durable.Length, Current.Length + 1)];
            _durable.AsSpan().CopyTo(after);
            for (var at = 0; at < after.Length; at += SectorBytes)
            {
                if (random.Next(2) == 0)
                    Current.AsSpan(at, Math.Min(SectorBytes, after.Length - at)).CopyTo(after.AsSpan(at));
            }

            Current = after;
            Sync();
        }
    }

    private sealed class Handle(SimulatedDisk disk, SimulatedFile file) : IFile
    {
        public long Length => file.Current.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            lock (disk._lock)
            {
                disk.Step();
                var from = file.Current.AsSpan((int)Math.Min(offset, file.Current.Length));
                from = from[..Math.Min(from.Length, buffer.Length)];
                from.CopyTo(buffer);
                return from.Length;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            lock (disk._lock)
            {
                disk.Step();
                try
                {
                    disk.BeforeWrite?.Invoke();
                }
                catch
                {
                    Put(offset, bytes[..(bytes.Length / 2)]);
                    throw;
                }

                Put(offset, bytes);
            }
        }

        // The disk may write anything at any time as it is.
        public void BeginWriteback(long offset, long length)
        {
        }

        private void Put(long offset, ReadOnlySpan<byte> bytes)
        {
            if (offset + bytes.Length > file.Current.Length)
                Array.Resize(ref file.Current, (int)offset + bytes.Length);
            bytes.CopyTo(file.Current.AsSpan((int)offset));
        }

        public void Sync()
        {
            lock (disk._lock)
            {
                disk.Step();
                disk.BeforeSync?.Invoke();
                file.Sync();
            }
        }

        public void Dispose()
        {
        }
    }
}
