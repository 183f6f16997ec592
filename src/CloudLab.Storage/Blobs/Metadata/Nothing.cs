namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>The value of a transaction that has none.</summary>
internal sealed class Nothing
{
    public static Nothing Value { get; } = new();
}
