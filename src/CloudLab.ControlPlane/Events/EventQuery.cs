namespace CloudLab.ControlPlane.Events;

/// <summary>A request for one page of events, newest first.</summary>
public sealed record EventQuery
{
    public const int MaxPageSize = 1000;
    public const int DefaultPageSize = 100;

    public EventFilter Filter { get; init; } = new();

    public int PageSize { get; init; } = DefaultPageSize;

    /// <summary>The token of the page before, or null for the first.</summary>
    public string? NextToken { get; init; }
}
