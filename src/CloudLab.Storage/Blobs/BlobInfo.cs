namespace CloudLab.Storage.Blobs;

/// <summary>What is known of an object without reading it.</summary>
/// <param name="Name">The object's name.</param>
/// <param name="Length">The size in bytes.</param>
/// <param name="Tag">Changes with the content; for conditions.</param>
/// <param name="LastModified">When the put was committed, UTC.</param>
public sealed record BlobInfo(string Name, long Length, string Tag, DateTimeOffset LastModified);
