using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CloudLab.ControlPlane.Identity;

/// <summary>A place in a list that is newest first: after the row with this time and id.</summary>
internal readonly record struct NewestFirstCursor(DateTimeOffset CreatedAt, string Id)
{
    private const int MaxTokenLength = 256;

    /// <summary>Opaque to clients; base64url so that it needs no escaping in a URL.</summary>
    public string ToToken() =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{CreatedAt.UtcTicks}:{Id}")));

    public static bool TryParse(string token, out NewestFirstCursor cursor)
    {
        cursor = default;
        if (token.Length > MaxTokenLength || !Base64Url.IsValid(token)) return false;
        string[] parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(token)).Split(':');
        if (parts.Length != 2 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long ticks)) return false;
        if (ticks > DateTimeOffset.MaxValue.Ticks) return false;
        cursor = new NewestFirstCursor(new DateTimeOffset(ticks, TimeSpan.Zero), parts[1]);
        return true;
    }
}
