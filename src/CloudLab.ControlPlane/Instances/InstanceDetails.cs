using System.Linq.Expressions;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;

namespace CloudLab.ControlPlane.Instances;

/// <summary>An instance as its account sees it, at one moment.</summary>
/// <param name="LaunchedAt">When it was last asked to start.</param>
/// <param name="SystemCheck">Whether the vCPUs make progress.</param>
/// <param name="InstanceCheck">Whether the guest answers.</param>
/// <param name="Tags">Ordered by key.</param>
public sealed record InstanceDetails(
    InstanceId Id,
    ImageId ImageId,
    string InstanceType,
    Architecture Architecture,
    int Vcpus,
    long MemoryBytes,
    InstanceState State,
    StateReason? StateReason,
    ShutdownBehavior ShutdownBehavior,
    CheckStatus SystemCheck,
    CheckStatus InstanceCheck,
    DateTimeOffset CreatedAt,
    DateTimeOffset LaunchedAt,
    DateTimeOffset? TerminatedAt,
    IReadOnlyList<KeyValuePair<string, string>> Tags)
{
    /// <summary>Selects just these columns.</summary>
    internal static Expression<Func<Instance, InstanceDetails>> Projection { get; } = i => new InstanceDetails(
        i.Id,
        i.ImageId,
        i.InstanceType,
        i.Architecture,
        i.Vcpus,
        i.MemoryBytes,
        InstanceStates.Of(i.Desired, i.Observed),
        i.ReasonCode == null ? null : new StateReason(i.ReasonCode, i.ReasonMessage!),
        i.ShutdownBehavior,
        i.SystemCheck,
        i.InstanceCheck,
        i.CreatedAt,
        i.LaunchedAt,
        i.TerminatedAt,
        i.Tags.OrderBy(t => t.Key).Select(t => new KeyValuePair<string, string>(t.Key, t.Value)).ToList());

    private static readonly Func<Instance, InstanceDetails> FromRow = Projection.Compile();

    internal static InstanceDetails Of(Instance instance) => FromRow(instance);
}
