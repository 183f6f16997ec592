using System.Buffers;
using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Identity;

/// <summary>What accounts, users and tokens may be called.</summary>
internal static class IdentityNames
{
    private const int MaxNameLength = 64;
    private const int MaxTokenNameLength = 128;

    // IAM's set for user names.
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+=,@");

    /// <summary>The name of an account or a user.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static CloudLabError? Check(string name) =>
        name.Length is > 0 and <= MaxNameLength && !name.AsSpan().ContainsAnyExcept(Allowed)
            ? null
            : new CloudLabError(ErrorCode.InvalidParameter, $"a name has 1 to {MaxNameLength} letters, digits and -_.+=,@");

    /// <summary>The name of a token: any text, as it identifies nothing.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static CloudLabError? CheckTokenName(string name) =>
        name.Length is > 0 and <= MaxTokenNameLength && PlainText.Is(name)
            ? null
            : new CloudLabError(ErrorCode.InvalidParameter, $"a token's name has 1 to {MaxTokenNameLength} characters, none of them a control character");
}
