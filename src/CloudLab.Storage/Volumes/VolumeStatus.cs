namespace CloudLab.Storage.Volumes;

/// <summary>How an open volume is.</summary>
/// <param name="Failure">Why it takes no more writes; null while it does.</param>
/// <param name="Trouble">Why the blob store does not take what was written, in words; null while it does.</param>
/// <param name="PendingBytes">What is in the local log only.</param>
/// <param name="StoredBytes">What was put into the blob store since it was opened.</param>
public sealed record VolumeStatus(VolumeError? Failure, string? Trouble, long PendingBytes, long StoredBytes);
