using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>A filter that a list takes.</summary>
/// <param name="Name">Its name; one that ends in a colon is followed by a key, as in <c>tag:Name</c>.</param>
/// <param name="Build">
/// Makes the condition of the key (empty without one) and the values, or says what is wrong, as the end of a sentence
/// that begins with the filter's name.
/// </param>
internal sealed record FilterDefinition<TRow>(
    string Name, Func<string, IReadOnlyList<FilterText>, FilterCondition<TRow>> Build)
{
    public bool TakesKey => Name.EndsWith(':');

    /// <summary>A filter by members of an enumeration, by their exact texts.</summary>
    /// <param name="name">The filter's name.</param>
    /// <param name="condition">The condition of one member.</param>
    public static FilterDefinition<TRow> OfEnum<TEnum>(string name, Func<TEnum, Expression<Func<TRow, bool>>> condition)
        where TEnum : struct, Enum => new(name, (_, values) =>
        {
            var conditions = new List<Expression<Func<TRow, bool>>>();
            foreach (FilterText value in values)
            {
                if (value.Pattern is not null || !EnumText.TryParse(value.Exact, out TEnum member))
                    return $"takes {string.Join(", ", Enum.GetValues<TEnum>().Select(EnumText.Of))}";
                conditions.Add(condition(member));
            }

            return Conditions.Any(conditions);
        });

    /// <summary>A filter by whole ids.</summary>
    /// <param name="name">The filter's name.</param>
    /// <param name="condition">The condition of being one of these.</param>
    public static FilterDefinition<TRow> OfIds<TId>(string name, Func<TId[], Expression<Func<TRow, bool>>> condition)
        where TId : struct, IResourceId<TId> => new(name, (_, values) =>
        {
            var ids = new TId[values.Count];
            for (int i = 0; i < ids.Length; i++)
                if (values[i].Pattern is not null || !ResourceId.TryParse(values[i].Exact, out ids[i]))
                    return $"takes whole ids such as {TId.Prefix}0123456789abcdef0";
            return condition(ids);
        });

    /// <summary>A filter by a text, with wildcards.</summary>
    /// <param name="name">The filter's name.</param>
    /// <param name="text">The column.</param>
    public static FilterDefinition<TRow> OfText(string name, Expression<Func<TRow, string>> text) =>
        new(name, (_, values) => Conditions.Any([.. values.Select(value => Conditions.Matches(text, value))]));
}
