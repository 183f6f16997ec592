namespace CloudLab.Storage.Blobs;

/// <summary>What must hold of a name for a put to take effect.</summary>
/// <param name="MustBeAbsent">There is no object of that name (put-if-absent).</param>
/// <param name="Tag">The object there has this tag, or null for any.</param>
public readonly record struct BlobCondition(bool MustBeAbsent, string? Tag)
{
    /// <summary>Put whatever is there.</summary>
    public static BlobCondition None => default;

    /// <summary>Put only where nothing is.</summary>
    public static BlobCondition IfAbsent => new(true, null);

    /// <summary>Replace only the content with this tag.</summary>
    public static BlobCondition IfTag(string tag) => new(false, tag);
}
