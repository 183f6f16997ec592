namespace CloudLab.Storage.Blobs;

/// <summary>Immutable-by-name objects with strong read-after-write consistency: the home of images and volumes.</summary>
/// <remarks>
/// A put is acknowledged when the whole object and its name survive power loss; a failed or abandoned put leaves
/// nothing that can be read. Every byte is covered by a checksum that is verified on read. Names are 1–1024 bytes of
/// UTF-8 without control characters and without a slash in front, ordered by bytes. All methods may be called from any
/// thread, concurrently.
/// Expected failures are values (<see cref="BlobError"/>); broken infrastructure throws <see cref="IOException"/>.
/// </remarks>
public interface IBlobStore
{
    /// <summary>Stores <paramref name="content"/>, read to its end, under <paramref name="name"/>.</summary>
    /// <param name="condition">What must hold of the name at the moment of the commit.</param>
    Task<BlobResult<BlobInfo>> PutAsync(string name, Stream content, BlobCondition condition, CancellationToken cancellationToken);

    /// <summary>The object's size and tag without its bytes.</summary>
    Task<BlobResult<BlobInfo>> HeadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Opens the bytes of <paramref name="range"/>, or all of them. The stream sees one version of the object to its end.</summary>
    Task<BlobResult<BlobContent>> GetAsync(string name, BlobRange? range, CancellationToken cancellationToken);

    /// <summary>The objects whose names start with <paramref name="prefix"/>, after <paramref name="startAfter"/>, in byte order.</summary>
    IAsyncEnumerable<BlobInfo> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken);

    /// <summary>Removes the object; deleting one that is not there succeeds.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}
