namespace CloudLab.ControlPlane.Instances;

/// <summary>Which instances to list.</summary>
public sealed record InstanceQuery
{
    public const int MaxPageSize = 1000;

    /// <summary>How many instances a page has at most: 1 to <see cref="MaxPageSize"/>.</summary>
    public int PageSize { get; init; } = 100;

    /// <summary>The token of the page before, or null for the first.</summary>
    public string? NextToken { get; init; }

    /// <summary>Only instances in this state, or null for all.</summary>
    public InstanceState? State { get; init; }

    /// <summary>Only instances of the type of this name, or null for all.</summary>
    public string? InstanceType { get; init; }
}
