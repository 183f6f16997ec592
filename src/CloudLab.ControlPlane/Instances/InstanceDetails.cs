using System.Linq.Expressions;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;

namespace CloudLab.ControlPlane.Instances;

/// <summary>An instance as its account sees it, at one moment.</summary>
/// <param name="Version">Changes with every change of the instance.</param>
/// <param name="StateChangedAt">When the state last changed; the creation counts.</param>
/// <param name="ScratchDisks">Their sizes in bytes, in the order of their names in the guest.</param>
/// <param name="LaunchedAt">When it was last asked to start.</param>
/// <param name="SystemCheck">Whether the vCPUs make progress.</param>
/// <param name="InstanceCheck">Whether the guest answers.</param>
/// <param name="Tags">Ordered by key.</param>
public sealed record InstanceDetails(
    InstanceId Id,
    long Version,
    ImageId ImageId,
    string InstanceType,
    Architecture Architecture,
    int Vcpus,
    long MemoryBytes,
    InstanceState State,
    StateReason? StateReason,
    DateTimeOffset StateChangedAt,
    ShutdownBehavior ShutdownBehavior,
    bool DisableApiTermination,
    bool DisableApiStop,
    IReadOnlyList<long> ScratchDisks,
    CheckStatus SystemCheck,
    DateTimeOffset? SystemCheckChangedAt,
    CheckStatus InstanceCheck,
    DateTimeOffset? InstanceCheckChangedAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset LaunchedAt,
    DateTimeOffset? TerminatedAt,
    IReadOnlyList<KeyValuePair<string, string>> Tags)
{
    /// <summary>Selects just these columns.</summary>
    internal static Expression<Func<Instance, InstanceDetails>> Projection { get; } = i => new InstanceDetails(
        i.Id,
        i.Version,
        i.ImageId,
        i.InstanceType,
        i.Architecture,
        i.Vcpus,
        i.MemoryBytes,
        InstanceStates.Of(i.Desired, i.Observed),
        i.ReasonCode == null ? null : new StateReason(i.ReasonCode, i.ReasonMessage!),
        i.StateChangedAt ?? i.CreatedAt,
        i.ShutdownBehavior,
        i.DisableApiTermination,
        i.DisableApiStop,
        i.ScratchDisks,
        i.SystemCheck,
        i.SystemCheckChangedAt,
        i.InstanceCheck,
        i.InstanceCheckChangedAt,
        i.CreatedAt,
        i.LaunchedAt,
        i.TerminatedAt,
        i.Tags.OrderBy(t => t.Key).Select(t => new KeyValuePair<string, string>(t.Key, t.Value)).ToList());

    private static readonly Func<Instance, InstanceDetails> FromRow = Projection.Compile();

    internal static InstanceDetails Of(Instance instance) => FromRow(instance);
}
