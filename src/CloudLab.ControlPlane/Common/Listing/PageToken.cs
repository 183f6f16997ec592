using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>
/// Where the next page begins, as clients carry it: a MAC over the list, the account, the filters and the position, then
/// the position. Base64url, so that it needs no escaping in a URL.
/// </summary>
/// <code>
///  byte 0       the format, 1
///  bytes 1–16   HMAC-SHA256, cut, of: the format, the scope (its length in front), the position
///  bytes 17–    the position: UTF-8, its parts separated by U+001F
/// </code>
/// <remarks>The MAC comes first so that nothing of the rest is looked at before it is known to be ours.</remarks>
internal static class PageToken
{
    private const byte Format = 1;
    private const int MacLength = 16;
    private const char Separator = '\u001F';

    /// <param name="key">The key that all hosts share.</param>
    /// <param name="scope">The list, the account and the filters: a token is good for these only.</param>
    /// <param name="position">The sort key of the page's last item; texts without control characters.</param>
    public static string Make(ReadOnlySpan<byte> key, string scope, params ReadOnlySpan<string> position)
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Join(Separator, position));
        byte[] token = [Format, .. Mac(key, scope, text), .. text];
        return Base64Url.EncodeToString(token);
    }

    /// <summary>The position, or null when the token was not made for this scope, or not by us.</summary>
    public static string[]? Read(ReadOnlySpan<byte> key, string scope, string token)
    {
        if (token.Length > ListRequest.MaxTokenLength || !Base64Url.IsValid(token)) return null;
        byte[] bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length <= 1 + MacLength || bytes[0] != Format) return null;
        ReadOnlySpan<byte> text = bytes.AsSpan(1 + MacLength);
        if (!CryptographicOperations.FixedTimeEquals(bytes.AsSpan(1, MacLength), Mac(key, scope, text))) return null;
        return Encoding.UTF8.GetString(text).Split(Separator);
    }

    private static byte[] Mac(ReadOnlySpan<byte> key, string scope, ReadOnlySpan<byte> position)
    {
        byte[] scopeBytes = Encoding.UTF8.GetBytes(scope);
        byte[] message = [Format, .. BitConverter.GetBytes(scopeBytes.Length), .. scopeBytes, .. position];
        return HMACSHA256.HashData(key, message)[..MacLength];
    }
}
