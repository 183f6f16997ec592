using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Collection;

/// <summary>A state of a volume that must stay whole: a root, or the newest checkpoint.</summary>
/// <param name="Sequence">The state is that of the stream up to here.</param>
/// <param name="Root">Its map.</param>
internal sealed record HeldState(ulong Sequence, MapEntry Root);
