using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Evaluates the conditions of writes.</summary>
internal static class Conditions
{
    private const string Any = "*";

    /// <param name="there">The version that the condition speaks of; null where there is none, or a delete marker.</param>
    public static StoreFailure? Check(WriteCondition? condition, VersionRecord? there)
    {
        if (condition is null)
            return null;
        if (condition.IfMatch is { } wanted)
        {
            if (there is null)
                return new StoreFailure(StoreError.NoSuchKey);
            if (wanted != Any && wanted != there.ETag)
                return new StoreFailure(StoreError.PreconditionFailed);
        }

        return condition.IfNoneMatch is { } unwanted && there is not null && (unwanted == Any || unwanted == there.ETag)
            ? new StoreFailure(StoreError.PreconditionFailed) : null;
    }
}
