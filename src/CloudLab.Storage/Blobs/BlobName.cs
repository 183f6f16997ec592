using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace CloudLab.Storage.Blobs;

/// <summary>The rules for object names, and their bytes, by which they are ordered.</summary>
internal static class BlobName
{
    public const int MaxBytes = 1024;

    /// <summary>The name's UTF-8, or null if it is empty, too long, begins with a slash, has control characters or is not valid UTF-16.</summary>
    /// <remarks>AWSSDK.S3 signs a first slash but does not send it, so such a name cannot be kept in every store, and is kept in none.</remarks>
    public static byte[]? TryGetBytes(string name)
    {
        if (name.Length is 0 or > MaxBytes || name[0] == '/' || HasControls(name))
            return null;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(name.Length)];
        var status = Utf8.FromUtf16(name, bytes, out _, out var written, replaceInvalidSequences: false);
        return status == OperationStatus.Done && written <= MaxBytes ? bytes[..written] : null;
    }

    private static bool HasControls(string name)
    {
        foreach (var c in name)
        {
            if (char.IsControl(c))
                return true;
        }

        return false;
    }
}
