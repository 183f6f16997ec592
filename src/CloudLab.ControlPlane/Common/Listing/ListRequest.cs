namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>A request for one page of a list, as it came: nothing of it is checked yet.</summary>
public sealed record ListRequest
{
    public const int MaxPageSize = 1000;
    public const int DefaultPageSize = 100;
    public const int MaxTokenLength = 512;

    /// <summary>How many items a page has at most: 1 to <see cref="MaxPageSize"/>.</summary>
    public int PageSize { get; init; } = DefaultPageSize;

    /// <summary>The token of the page before, or null for the first. Good for the same filters only.</summary>
    public string? NextToken { get; init; }

    /// <summary>What the items must match: all of these.</summary>
    public IReadOnlyList<ListFilter> Filters { get; init; } = [];
}
