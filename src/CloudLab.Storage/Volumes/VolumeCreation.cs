namespace CloudLab.Storage.Volumes;

/// <summary>A volume to be.</summary>
/// <param name="Id">1 to 64 lower-case letters, digits and hyphens.</param>
/// <param name="Size">Bytes, a multiple of the sector size, 1 MiB to 16 TiB; of a clone at least what the snapshot has.</param>
public sealed record VolumeCreation(string Id, ulong Size)
{
    /// <summary>Logical sectors of 512 or 4096 bytes.</summary>
    public int SectorSize { get; init; } = 512;

    /// <summary>The snapshot to begin with; null for zeroes.</summary>
    public SnapshotReference? Origin { get; init; }
}
