namespace CloudLab.Storage.Blobs.Objects;

/// <summary>How an <see cref="ObjectStore"/> works.</summary>
public sealed record ObjectStoreOptions
{
    /// <summary>The store's own directory; created (for its owner only) where it is missing.</summary>
    public required string Directory { get; init; }

    /// <summary>Objects and parts up to this many bytes stand in the index; 0–1 MiB. Where an own file begins to cost less.</summary>
    public int InlineBytes { get; init; } = 64 << 10;

    /// <summary>Bytes a second that the scrub reads; 0 turns it off. 16 MiB/s verifies 1 TiB in 18 hours.</summary>
    public long ScrubBytesPerSecond { get; init; } = 16L << 20;

    /// <summary>How long the scrub rests after a pass.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Uploads older than this are aborted; null keeps them until they are completed or aborted.</summary>
    public TimeSpan? UploadLifetime { get; init; }

    /// <summary>A write that would leave the disk with less is refused as <see cref="StoreError.StorageFull"/>, so that the index can go on.</summary>
    public long ReservedDiskBytes { get; init; } = 64L << 20;
}
