using System.Globalization;
using System.Text;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>A "newc" cpio archive as the Linux kernel unpacks it for an initramfs.</summary>
/// <remarks>
/// Each entry is a 110-byte header (the magic 070701 and thirteen fields of eight hexadecimal digits), the name with its NUL,
/// padding to four bytes, the content, padding to four bytes; an entry named TRAILER!!! ends it. Everything belongs to root,
/// every time is 0 and entries are sorted by name, so that the same content always gives the same bytes. Device nodes are only
/// headers here, which is why making them needs no root. Format: Documentation/driver-api/early-userspace/buffer-format.rst.
/// </remarks>
internal sealed class CpioArchive
{
    private const uint TypeDirectory = 0x4000;
    private const uint TypeCharacterDevice = 0x2000;
    private const uint TypeRegular = 0x8000;
    private const uint TypeSymbolicLink = 0xA000;

    /// <summary>Ordinal order puts a directory before what it contains, as the kernel needs it.</summary>
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public void AddDirectory(string path, uint permissions = 0b111_101_101) =>
        _entries[Checked(path)] = new(TypeDirectory | permissions, 0, 0, ReadOnlyMemory<byte>.Empty);

    public void AddFile(string path, ReadOnlyMemory<byte> content, uint permissions = 0b110_100_100) =>
        _entries[Checked(path)] = new(TypeRegular | permissions, 0, 0, content);

    public void AddExecutable(string path, ReadOnlyMemory<byte> content) => AddFile(path, content, 0b111_101_101);

    public void AddLink(string path, string target) =>
        _entries[Checked(path)] = new(TypeSymbolicLink | 0b111_111_111, 0, 0, Encoding.UTF8.GetBytes(target));

    public void AddCharacterDevice(string path, uint major, uint minor, uint permissions) =>
        _entries[Checked(path)] = new(TypeCharacterDevice | permissions, major, minor, ReadOnlyMemory<byte>.Empty);

    public bool Contains(string path) => _entries.ContainsKey(path);

    public byte[] ToArray()
    {
        using var output = new MemoryStream();
        uint inode = 1;
        foreach (var (path, entry) in _entries)
            Write(output, path, entry, inode++);
        Write(output, "TRAILER!!!", new(0, 0, 0, ReadOnlyMemory<byte>.Empty), 0);
        return output.ToArray();
    }

    private static void Write(MemoryStream output, string path, in Entry entry, uint inode)
    {
        var name = Encoding.UTF8.GetBytes(path);
        ReadOnlySpan<uint> fields =
        [
            inode, entry.Mode, 0, 0, (entry.Mode & TypeDirectory) == 0 ? 1u : 2u, 0, (uint)entry.Content.Length,
            0, 0, entry.Major, entry.Minor, (uint)name.Length + 1, 0,
        ];
        var header = new StringBuilder("070701", 110);
        foreach (var field in fields)
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));

        output.Write(Encoding.ASCII.GetBytes(header.ToString()));
        output.Write(name);
        output.WriteByte(0);
        Pad(output);
        output.Write(entry.Content.Span);
        Pad(output);
    }

    private static void Pad(MemoryStream output)
    {
        while (output.Length % 4 != 0)
            output.WriteByte(0);
    }

    private static string Checked(string path)
    {
        if (path.Length == 0 || path[0] == '/' || path.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"'{path}' is not a relative path.", nameof(path));
        return path;
    }

    private readonly record struct Entry(uint Mode, uint Major, uint Minor, ReadOnlyMemory<byte> Content);
}
