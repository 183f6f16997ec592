namespace CloudLab.ControlPlane.Images;

/// <summary>A request for one page of the images that an account may use, by name and then id.</summary>
public sealed record ImageQuery
{
    public const int MaxPageSize = 1000;
    public const int DefaultPageSize = 100;

    /// <summary>Exactly this name, or null for any.</summary>
    public string? Name { get; init; }

    public ImageState? State { get; init; }

    public ImageOwner? Owner { get; init; }

    public int PageSize { get; init; } = DefaultPageSize;

    /// <summary>The token of the page before, or null for the first.</summary>
    public string? NextToken { get; init; }
}
