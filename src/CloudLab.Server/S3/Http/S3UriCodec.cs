using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace CloudLab.Server.S3.Http;

/// <summary>Percent-encoding as S3 understands it: of UTF-8 bytes, with RFC 3986's unreserved characters left alone.</summary>
internal static class S3UriCodec
{
    private const string UpperHex = "0123456789ABCDEF";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly SearchValues<char> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    /// <summary>Decodes percent-escapes to text.</summary>
    /// <param name="encoded">As it came in the request.</param>
    /// <param name="plusIsSpace">In queries a plus stands for a space, in paths for itself.</param>
    /// <param name="decoded">The text.</param>
    /// <returns>False for a broken escape, or bytes that are not UTF-8.</returns>
    public static bool TryDecode(ReadOnlySpan<char> encoded, bool plusIsSpace, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        if (!encoded.ContainsAny('%', '+') && System.Text.Ascii.IsValid(encoded))
        {
            decoded = encoded.ToString();
            return true;
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(encoded.Length));
        try
        {
            int length = DecodeBytes(encoded, plusIsSpace, rented);
            if (length < 0) return false;
            decoded = StrictUtf8.GetString(rented, 0, length);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Encodes every byte that is not unreserved.</summary>
    /// <param name="text">The text.</param>
    /// <param name="keepSlash">Whether <c>/</c> stays as it is, as in a canonical path.</param>
    public static string Encode(string text, bool keepSlash)
    {
        if (!text.AsSpan().ContainsAnyExcept(Unreserved)) return text;
        var builder = new StringBuilder(text.Length + 16);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.IsAscii && (Unreserved.Contains((char)rune.Value) || (keepSlash && rune.Value == '/')))
            {
                builder.Append((char)rune.Value);
                continue;
            }

            int length = rune.EncodeToUtf8(utf8);
            foreach (byte b in utf8[..length]) builder.Append('%').Append(UpperHex[b >> 4]).Append(UpperHex[b & 15]);
        }

        return builder.ToString();
    }

    private static int DecodeBytes(ReadOnlySpan<char> encoded, bool plusIsSpace, Span<byte> target)
    {
        int length = 0;
        for (int i = 0; i < encoded.Length; i++)
        {
            char c = encoded[i];
            if (c == '%')
            {
                if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2])) return -1;
                target[length++] = (byte)((HexDigit(encoded[i + 1]) << 4) | HexDigit(encoded[i + 2]));
                i += 2;
            }
            else if (c < 0x80)
            {
                target[length++] = c == '+' && plusIsSpace ? (byte)' ' : (byte)c;
            }
            else
            {
                if (Rune.DecodeFromUtf16(encoded[i..], out Rune rune, out int used) != OperationStatus.Done) return -1;
                length += rune.EncodeToUtf8(target[length..]);
                i += used - 1;
            }
        }

        return length;
    }

    private static int HexDigit(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}
