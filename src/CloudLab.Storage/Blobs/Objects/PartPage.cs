namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A page of parts, ascending by number.</summary>
/// <param name="Parts">The parts.</param>
/// <param name="IsTruncated">Whether there are more after the last.</param>
public sealed record PartPage(IReadOnlyList<ObjectPart> Parts, bool IsTruncated);
