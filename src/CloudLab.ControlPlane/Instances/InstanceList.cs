using System.Globalization;
using System.Linq.Expressions;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.InstanceTypes;

namespace CloudLab.ControlPlane.Instances;

/// <summary>The list of instances: its filters, and its order, which is newest first and then by id.</summary>
internal static class InstanceList
{
    public const string Name = "instances";

    public static FilterSet<Instance> Filters { get; } = new(
        FilterDefinition<Instance>.OfEnum<InstanceState>("state", Is),
        new FilterDefinition<Instance>("instanceType", (_, values) => IsOfType(values)),
        FilterDefinition<Instance>.OfIds<InstanceId>("instanceId", ids => i => ids.Contains(i.Id)),
        FilterDefinition<Instance>.OfIds<ImageId>("imageId", ids => i => ids.Contains(i.ImageId)),
        FilterDefinition<Instance>.OfEnum<CheckStatus>("systemCheck", check => i => i.SystemCheck == check),
        FilterDefinition<Instance>.OfEnum<CheckStatus>("instanceCheck", check => i => i.InstanceCheck == check),
        new FilterDefinition<Instance>("tagKey", (_, values) => Conditions.Any([.. values.Select(HasTagKey)])),
        new FilterDefinition<Instance>("tag:", (key, values) => Conditions.Any([.. values.Select(value => HasTag(key, value))])));

    /// <summary>The rows after the position that a token holds.</summary>
    public static IQueryable<Instance> After(IQueryable<Instance> rows, string[] position)
    {
        var createdAt = new DateTimeOffset(long.Parse(position[0], CultureInfo.InvariantCulture), TimeSpan.Zero);
        InstanceId id = ResourceId.Parse<InstanceId>(position[1]);
        // The first part alone is what an index can begin at.
        return rows.Where(i => i.CreatedAt <= createdAt && (i.CreatedAt < createdAt || i.Id < id));
    }

    public static IQueryable<Instance> Ordered(IQueryable<Instance> rows) =>
        rows.OrderByDescending(i => i.CreatedAt).ThenByDescending(i => i.Id);

    public static string[] Position(InstanceDetails instance) =>
        [instance.CreatedAt.UtcTicks.ToString(CultureInfo.InvariantCulture), instance.Id.Value];

    // Among many that are stopped the few active ones have an index.
    private static Expression<Func<Instance, bool>> Is(InstanceState state) => state switch
    {
        InstanceState.Running => i => i.IsActive && i.Desired == DesiredState.Running && i.Observed == ObservedState.Running,
        InstanceState.Stopping => i => i.IsActive && i.Desired == DesiredState.Stopped && i.Observed != ObservedState.Stopped,
        InstanceState.Pending => i => i.IsActive && i.Desired == DesiredState.Running && i.Observed != ObservedState.Running,
        InstanceState.ShuttingDown => i => i.IsActive && i.Desired == DesiredState.Terminated,
        InstanceState.Stopped or InstanceState.Terminated => InstanceStates.Is(state),
    };

    // The types are few and known here: the database compares whole names.
    private static FilterCondition<Instance> IsOfType(IReadOnlyList<FilterText> values)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (FilterText value in values)
        {
            string[] matching = [.. InstanceTypeCatalog.All.Select(type => type.Name).Where(value.Matches)];
            if (matching.Length == 0)
                return $"matches no instance type; there are {string.Join(", ", InstanceTypeCatalog.All.Select(type => type.Name))}";
            names.UnionWith(matching);
        }

        string[] wanted = [.. names];
        Expression<Func<Instance, bool>> condition = i => wanted.Contains(i.InstanceType);
        return condition;
    }

    private static Expression<Func<Instance, bool>> HasTagKey(FilterText key)
    {
        Expression<Func<InstanceTag, bool>> matches = Conditions.Matches<InstanceTag>(t => t.Key, key);
        return i => i.Tags.AsQueryable().Any(matches);
    }

    private static Expression<Func<Instance, bool>> HasTag(string key, FilterText value)
    {
        Expression<Func<InstanceTag, bool>> matches = Conditions.Matches<InstanceTag>(t => t.Value, value);
        return i => i.Tags.AsQueryable().Where(t => t.Key == key).Any(matches);
    }
}
