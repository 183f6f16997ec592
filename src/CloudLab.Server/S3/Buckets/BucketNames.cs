using System.Net;
using System.Net.Sockets;

namespace CloudLab.Server.S3.Buckets;

/// <summary>Which names buckets may have.</summary>
/// <remarks>Amazon S3 User Guide, "General purpose bucket naming rules".</remarks>
internal static class BucketNames
{
    private const int MinLength = 3;
    private const int MaxLength = 63;

    private static readonly string[] ReservedPrefixes = ["xn--", "sthree-", "amzn-s3-demo-"];
    private static readonly string[] ReservedSuffixes = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

    public static bool IsValid(string name)
    {
        if (name.Length is < MinLength or > MaxLength) return false;
        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            bool isInner = i > 0 && i < name.Length - 1;
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && !(isInner && c is ('-' or '.'))) return false;
            // Each part between dots is a host name's label.
            if (c == '.' && (name[i - 1] is '.' or '-' || name[i + 1] == '-')) return false;
        }

        return !LooksLikeAddress(name)
            && !ReservedPrefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal))
            && !ReservedSuffixes.Any(s => name.EndsWith(s, StringComparison.Ordinal));
    }

    private static bool LooksLikeAddress(string name) =>
        name.Count(c => c == '.') == 3 && IPAddress.TryParse(name, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork;
}
