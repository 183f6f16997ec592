namespace CloudLab.ControlPlane.Common;

/// <summary>Which versions of a row a change is meant for: of any other it is refused.</summary>
/// <param name="Versions">The versions, or null for any.</param>
public sealed record Precondition(IReadOnlyCollection<long>? Versions)
{
    /// <summary>Whatever the version is.</summary>
    public static Precondition None { get; } = new((IReadOnlyCollection<long>?)null);

    /// <returns>Null when it holds of this version.</returns>
    internal CloudLabError? Check(long version) => Versions is null || Versions.Contains(version)
        ? null
        : new CloudLabError(ErrorCode.PreconditionFailed, "it has changed since the version that 'If-Match' names; read it again");
}
