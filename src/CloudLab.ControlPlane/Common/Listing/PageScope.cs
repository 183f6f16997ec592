namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>What one page's request and the next page's token have in common.</summary>
/// <param name="Key">The key of the tokens.</param>
/// <param name="Scope">What a token is good for.</param>
/// <param name="After">The sort key after which this page begins, as the list wrote it; null for the first page.</param>
internal sealed record PageScope(byte[] Key, string Scope, string[]? After)
{
    /// <summary>Makes a page of rows, of which one more than the page has was read if there are as many.</summary>
    /// <param name="items">The items; cut to the page.</param>
    /// <param name="size">How many a page has.</param>
    /// <param name="position">An item's sort key.</param>
    public Page<T> Page<T>(List<T> items, int size, Func<T, string[]> position)
    {
        if (items.Count <= size) return new Page<T>(items, null);
        items.RemoveRange(size, items.Count - size);
        return new Page<T>(items, PageToken.Make(Key, Scope, position(items[^1])));
    }
}
