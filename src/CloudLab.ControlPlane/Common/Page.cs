namespace CloudLab.ControlPlane.Common;

/// <summary>One page of a list.</summary>
/// <param name="Items">The items, in the list's order.</param>
/// <param name="NextToken">Opaque; asks for the page after this one. Null on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextToken);
