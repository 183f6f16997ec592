using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Identity;

/// <summary>Which page of a list of accounts, users, tokens or keys: newest first.</summary>
public sealed record PageRequest
{
    public const int MaxSize = 1000;

    /// <summary>How many rows at most: 1 to <see cref="MaxSize"/>.</summary>
    public int Size { get; init; } = 100;

    /// <summary>The token of the page before, or null for the first.</summary>
    public string? NextToken { get; init; }

    /// <summary>Where the page begins, null for the start of the list; or what is wrong.</summary>
    internal (NewestFirstCursor? After, CloudLabError? Error) Parse()
    {
        if (Size is < 1 or > MaxSize) return (null, new CloudLabError(ErrorCode.InvalidParameter, $"the page size must be 1 to {MaxSize}"));
        if (NextToken is null) return (null, null);
        if (NewestFirstCursor.TryParse(NextToken, out NewestFirstCursor cursor)) return (cursor, null);
        return (null, new CloudLabError(ErrorCode.InvalidParameter, "the token of the next page is not one that a list returned"));
    }

    /// <summary>Makes a page of rows, of which one more was read than the page has.</summary>
    internal Page<T> Cut<T>(List<T> rows, Func<T, NewestFirstCursor> place)
    {
        if (rows.Count <= Size) return new Page<T>(rows, null);
        rows.RemoveAt(Size);
        return new Page<T>(rows, place(rows[^1]).ToToken());
    }
}
