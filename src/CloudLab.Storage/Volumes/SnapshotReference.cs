namespace CloudLab.Storage.Volumes;

/// <summary>Names a snapshot.</summary>
/// <param name="Volume">The volume that it was taken of.</param>
/// <param name="Snapshot">Its id.</param>
public sealed record SnapshotReference(string Volume, string Snapshot);
