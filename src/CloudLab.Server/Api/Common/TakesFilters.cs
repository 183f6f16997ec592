namespace CloudLab.Server.Api.Common;

/// <summary>Marks a list whose filters the control plane checks.</summary>
/// <param name="HasTags">Whether <c>tag:KEY</c> is among them.</param>
internal sealed record TakesFilters(bool HasTags);
