using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;

namespace CloudLab.Server.Api.Instances;

/// <summary>One page of instances.</summary>
internal sealed record InstanceList
{
    /// <summary>Newest first. Terminated instances are shown for an hour.</summary>
    public required IReadOnlyList<InstanceView> Instances { get; init; }

    /// <summary>Asks for the next page as <c>?nextToken=</c>; null on the last one.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}

/// <summary>A virtual machine.</summary>
internal sealed record InstanceView
{
    /// <summary>The instance's id.</summary>
    /// <example>i-0123456789abcdef0</example>
    public required string InstanceId { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required InstanceState State { get; init; }

    /// <summary>Why it is in this state, where there is something to say.</summary>
    public required StateReasonView? StateReason { get; init; }

    /// <summary>Since when it is in this state.</summary>
    public required DateTimeOffset StateChangedAt { get; init; }

    /// <summary>What it boots.</summary>
    /// <example>ami-0123456789abcdef0</example>
    public required string ImageId { get; init; }

    /// <summary>Its size.</summary>
    /// <example>standard.small</example>
    public required string InstanceType { get; init; }

    /// <summary>The guest's instruction set.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>How many vCPUs the guest sees.</summary>
    /// <example>1</example>
    public required int Vcpus { get; init; }

    /// <summary>The size of RAM in bytes.</summary>
    /// <example>134217728</example>
    public required long MemoryBytes { get; init; }

    /// <summary>What the guest's own poweroff does to the instance.</summary>
    public required ShutdownBehavior ShutdownBehavior { get; init; }

    /// <summary>Whether requests to terminate it are refused.</summary>
    /// <example>false</example>
    public required bool DisableApiTermination { get; init; }

    /// <summary>Whether requests to stop it are refused.</summary>
    /// <example>false</example>
    public required bool DisableApiStop { get; init; }

    /// <summary>Its disks that live until it stops, in the order of their names in the guest: `/dev/vda` and so on.</summary>
    public required IReadOnlyList<ScratchDiskView> ScratchDisks { get; init; }

    /// <summary>Whether it works.</summary>
    public required StatusChecksView StatusChecks { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last asked to start.</summary>
    public required DateTimeOffset LaunchedAt { get; init; }

    /// <summary>When it was terminated, or null.</summary>
    /// <example>null</example>
    public required DateTimeOffset? TerminatedAt { get; init; }

    /// <summary>Its labels.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    public static InstanceView Of(InstanceDetails instance) => new()
    {
        InstanceId = instance.Id.Value,
        State = instance.State,
        StateReason = StateReasonView.Of(instance.StateReason),
        StateChangedAt = instance.StateChangedAt,
        ImageId = instance.ImageId.Value,
        InstanceType = instance.InstanceType,
        Architecture = instance.Architecture,
        Vcpus = instance.Vcpus,
        MemoryBytes = instance.MemoryBytes,
        ShutdownBehavior = instance.ShutdownBehavior,
        DisableApiTermination = instance.DisableApiTermination,
        DisableApiStop = instance.DisableApiStop,
        ScratchDisks = [.. instance.ScratchDisks.Select(size => new ScratchDiskView { SizeBytes = size })],
        StatusChecks = new()
        {
            System = instance.SystemCheck,
            SystemSince = instance.SystemCheckChangedAt,
            Instance = instance.InstanceCheck,
            InstanceSince = instance.InstanceCheckChangedAt,
        },
        CreatedAt = instance.CreatedAt,
        LaunchedAt = instance.LaunchedAt,
        TerminatedAt = instance.TerminatedAt,
        Tags = instance.Tags.ToDictionary(),
    };
}

/// <summary>Why an instance is in its state.</summary>
internal sealed record StateReasonView
{
    /// <summary>For programs: <c>Client.</c> where the account or the guest was the cause, <c>Server.</c> where CloudLab was.</summary>
    /// <example>Client.UserInitiatedShutdown</example>
    public required string Code { get; init; }

    /// <summary>For people.</summary>
    /// <example>Client.UserInitiatedShutdown: a user asked for it</example>
    public required string Message { get; init; }

    public static StateReasonView? Of(StateReason? reason) => reason is null ? null : new() { Code = reason.Code, Message = reason.Message };
}

/// <summary>The two status checks.</summary>
internal sealed record StatusChecksView
{
    /// <summary>Whether the vCPUs make progress.</summary>
    public required CheckStatus System { get; init; }

    /// <summary>Since when it says so: of an impaired instance, since when it is. Null when it never said anything else.</summary>
    public required DateTimeOffset? SystemSince { get; init; }

    /// <summary>Whether the guest answers.</summary>
    public required CheckStatus Instance { get; init; }

    /// <summary>Since when it says so: of an impaired instance, since when it is. Null when it never said anything else.</summary>
    public required DateTimeOffset? InstanceSince { get; init; }
}

/// <summary>What a request did. The rest happens after the answer: watch the instance's state.</summary>
internal sealed record InstanceChangeView
{
    /// <summary>Which instance.</summary>
    /// <example>i-0123456789abcdef0</example>
    public required string InstanceId { get; init; }

    /// <summary>The state before.</summary>
    public required InstanceState PreviousState { get; init; }

    /// <summary>The state now.</summary>
    public required InstanceState State { get; init; }

    public static InstanceChangeView Of(InstanceChange change) =>
        new() { InstanceId = change.Id.Value, PreviousState = change.Previous, State = change.Current };
}
