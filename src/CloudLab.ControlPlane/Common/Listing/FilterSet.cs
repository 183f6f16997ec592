namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>The filters that a list takes. A request's filters must all match, any value of each.</summary>
internal sealed class FilterSet<TRow>(params FilterDefinition<TRow>[] definitions)
{
    /// <summary>What <c>tag:</c> stands for in messages.</summary>
    private const string KeyName = "KEY";

    /// <summary>The filters as a reader of messages writes them.</summary>
    private string Names => string.Join(", ", definitions.Select(d => d.TakesKey ? d.Name + KeyName : d.Name));

    /// <summary>Adds the conditions of the filters to a query; the same filter given twice is one with the values of both.</summary>
    /// <returns>The query, or InvalidParameter with the filter's name and what it takes.</returns>
    public (IQueryable<TRow>? Rows, CloudLabError? Error) Apply(IQueryable<TRow> rows, IReadOnlyList<ListFilter> filters)
    {
        if (filters.Count > ListFilter.MaxPerRequest) return Invalid($"a list takes at most {ListFilter.MaxPerRequest} filters");
        foreach (IGrouping<string, ListFilter> group in filters.GroupBy(filter => filter.Name, StringComparer.Ordinal))
        {
            string shown = group.Key.Length <= 64 ? group.Key : group.Key[..64];
            if (Find(group.Key) is not { } definition)
                return Invalid($"'{shown}' is not a parameter of this list; it filters by {Names}");
            var values = new List<FilterText>();
            foreach (ListFilter filter in group)
            {
                (IReadOnlyList<FilterText>? parsed, string? problem) = FilterText.Parse(filter.Text);
                if (parsed is null) return Invalid($"'{shown}' {problem}");
                values.AddRange(parsed);
            }

            if (values.Count > ListFilter.MaxValues) return Invalid($"'{shown}' takes at most {ListFilter.MaxValues} values");
            string key = definition.TakesKey ? group.Key[definition.Name.Length..] : "";
            if (!PlainText.Is(key)) return Invalid("a filter's key has no control character");
            FilterCondition<TRow> condition = definition.Build(key, values);
            if (!condition.IsOk) return Invalid($"'{shown}' {condition.Problem}");
            rows = rows.Where(condition.Condition);
        }

        return (rows, null);
    }

    private FilterDefinition<TRow>? Find(string name) => Array.Find(
        definitions, d => d.TakesKey ? name.Length > d.Name.Length && name.StartsWith(d.Name, StringComparison.Ordinal) : d.Name == name);

    private static (IQueryable<TRow>? Rows, CloudLabError? Error) Invalid(string message) =>
        (null, new CloudLabError(ErrorCode.InvalidParameter, message));
}
