using System.Text;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>Reads which commands a busybox has out of the binary, which the building host can't run.</summary>
/// <remarks>busybox keeps the names as one sorted block of NUL-terminated strings that ends with an empty one; it begins with "[".</remarks>
internal static class BusyboxApplets
{
    private const int MaxNameLength = 32;

    /// <exception cref="InvalidDataException">There is no such block.</exception>
    public static IReadOnlyList<string> Read(ReadOnlySpan<byte> busybox)
    {
        var start = busybox.IndexOf("[\0[[\0"u8);
        if (start < 0)
            throw new InvalidDataException("busybox has no list of applets.");

        var names = new List<string>();
        for (var rest = busybox[start..]; ;)
        {
            var end = rest[..Math.Min(rest.Length, MaxNameLength)].IndexOf((byte)0);
            if (end <= 0)
                break;
            var name = Encoding.ASCII.GetString(rest[..end]);
            if (name.Contains('/', StringComparison.Ordinal))
                throw new InvalidDataException("busybox's list of applets is damaged.");
            if (name != "busybox")
                names.Add(name);
            rest = rest[(end + 1)..];
        }

        foreach (var needed in (ReadOnlySpan<string>)["init", "sh", "mount", "insmod", "poweroff", "reboot", "sleep", "acpid"])
        {
            if (!names.Contains(needed))
                throw new InvalidDataException($"busybox has no '{needed}'.");
        }

        return names;
    }
}
