using CloudLab.Storage.Files;

namespace CloudLab.Storage.Volumes;

/// <summary>How a <see cref="VolumeStore"/> works.</summary>
public sealed record VolumeStoreOptions
{
    /// <summary>Where the logs of open volumes are: on a local disk that honours fsync. Taken for this store alone.</summary>
    public required string LogDirectory { get; init; }

    /// <summary>Bytes that the log of one volume may hold; at the bound writes wait until the blob store has taken some.</summary>
    public long LogBytes { get; init; } = 256L << 20;

    /// <summary>Bytes of the maps of all open volumes that stay in memory; a volume of 32 GiB that is written all over has a map of 64 MiB.</summary>
    public long MapBytes { get; init; } = 64L << 20;

    /// <summary>Bytes that were read from the blob store and are kept in memory.</summary>
    public long CacheBytes { get; init; } = 64L << 20;

    /// <summary>How long what was written waits for more before it goes to the blob store.</summary>
    public TimeSpan DrainInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The files of the log; replaced by tests that cut the power.</summary>
    internal IFileLayer Files { get; init; } = new OsFileLayer();
}
