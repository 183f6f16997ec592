using System.Buffers;
using System.Security.Cryptography;

namespace CloudLab.ControlPlane.Identity;

/// <summary>The name of an account in S3's owners and grants. Ours are 64 hexadecimal digits, as in AWS.</summary>
public static class CanonicalUserId
{
    public const int MaxLength = 64;

    private const int RandomBytes = 32;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.$");

    /// <summary>A new random one.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>Whether it may be imported from another S3 server, whose ids are not all hexadecimal: 1 to 64 letters, digits and <c>-_.$</c>.</summary>
    public static bool IsWellFormed(string text) => text.Length is > 0 and <= MaxLength && !text.AsSpan().ContainsAnyExcept(Allowed);
}
