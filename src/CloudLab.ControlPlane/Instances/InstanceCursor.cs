using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CloudLab.ControlPlane.Instances;

/// <summary>A place in the list of instances, newest first: after the instance with this time and id.</summary>
internal readonly record struct InstanceCursor(DateTimeOffset CreatedAt, InstanceId Id)
{
    /// <summary>Opaque to clients; base64url so that it needs no escaping in a URL.</summary>
    public string ToToken() =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{CreatedAt.UtcTicks}:{Id}")));

    public static bool TryParse(string token, out InstanceCursor cursor)
    {
        cursor = default;
        if (token.Length > 128 || !Base64Url.IsValid(token)) return false;
        string[] parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(token)).Split(':');
        if (parts.Length != 2 || !InstanceId.TryParse(parts[1], out InstanceId id)) return false;
        if (!long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long ticks)) return false;
        if (ticks > DateTimeOffset.MaxValue.Ticks) return false;
        cursor = new InstanceCursor(new DateTimeOffset(ticks, TimeSpan.Zero), id);
        return true;
    }
}
