namespace CloudLab.Storage.Volumes;

/// <summary>A snapshot.</summary>
/// <param name="Id">Its id, unique in the volume.</param>
/// <param name="IsCompleted">Whether all that it names is in the blob store: only then it outlives the volume's log.</param>
/// <param name="PendingBytes">What must get there before that, in bytes; 0 when completed.</param>
/// <param name="Size">The volume's size, in bytes, when it was taken.</param>
/// <param name="Created">When it was completed, or now, UTC.</param>
public sealed record VolumeSnapshot(string Id, bool IsCompleted, long PendingBytes, ulong Size, DateTimeOffset Created);
