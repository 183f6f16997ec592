namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A page of a listing; keys and common prefixes are each in byte order.</summary>
/// <param name="Objects">The current versions; delete markers are left out.</param>
/// <param name="CommonPrefixes">What the delimiter rolled up.</param>
/// <param name="Next">The last key or common prefix of the page when there is more: where the next starts after. Null on the last page.</param>
public sealed record ObjectPage(IReadOnlyList<ObjectVersion> Objects, IReadOnlyList<string> CommonPrefixes, string? Next);
