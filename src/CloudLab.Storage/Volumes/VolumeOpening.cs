namespace CloudLab.Storage.Volumes;

/// <summary>How a volume is opened.</summary>
/// <param name="Epoch">Grows with each owner: an owner with a smaller one is shut out.</param>
public sealed record VolumeOpening(ulong Epoch)
{
    /// <summary>What a flush waits for.</summary>
    public VolumeDurability Durability { get; init; }

    /// <summary>Opens it even if what was written last is in a log that is not here, and gives that up.</summary>
    public bool Force { get; init; }
}
