using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Persistence.Portable;

/// <summary>What a column's values are, whichever database holds them.</summary>
internal enum ColumnKind
{
    /// <summary>A JSON string.</summary>
    Text,

    /// <summary>A JSON number without a fraction, 64 bits.</summary>
    Integer,

    /// <summary>A JSON number, IEEE double.</summary>
    Number,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A JSON string: ISO 8601 in UTC, to 100 ns.</summary>
    Time,

    /// <summary>A JSON string: base64.</summary>
    Bytes,
}

internal static class ColumnKinds
{
    /// <summary>The kind of a property's values as the database holds them.</summary>
    /// <param name="model">The property's type in the model.</param>
    /// <param name="provider">The type that its converter makes of it, or null without one.</param>
    public static ColumnKind Of(Type model, Type? provider)
    {
        if (Bare(model) == typeof(DateTimeOffset)) return ColumnKind.Time;
        Type stored = Bare(provider ?? model);
        if (stored == typeof(string)) return ColumnKind.Text;
        if (stored == typeof(bool)) return ColumnKind.Boolean;
        if (stored == typeof(byte[])) return ColumnKind.Bytes;
        if (stored == typeof(double) || stored == typeof(float)) return ColumnKind.Number;
        if (stored == typeof(long) || stored == typeof(int) || stored == typeof(short) || stored == typeof(byte)) return ColumnKind.Integer;
        throw new NotSupportedException($"a column of {stored} has no portable form");
    }

    public static string TextOf(ColumnKind kind) => EnumText.Of(kind);

    public static ColumnKind? Parse(string? text) =>
        Enum.GetValues<ColumnKind>().Where(kind => EnumText.Of(kind) == text).Cast<ColumnKind?>().FirstOrDefault();

    private static Type Bare(Type type) => Nullable.GetUnderlyingType(type) ?? type;
}
