namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>One filter of a list, as it came. An item matches when it matches any of the values.</summary>
/// <param name="Name">E.g. <c>state</c> or <c>tag:Name</c>; compared by bytes.</param>
/// <param name="Text">Values separated by commas, see <see cref="FilterText"/>.</param>
public sealed record ListFilter(string Name, string Text)
{
    /// <summary>Filters in a request, those of the same name counted each.</summary>
    public const int MaxPerRequest = 20;

    /// <summary>Values of all filters of one name together.</summary>
    public const int MaxValues = 50;
}
