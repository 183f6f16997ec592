using System.ComponentModel.DataAnnotations;
using CloudLab.ControlPlane.Instances;

namespace CloudLab.Server.Api.Instances;

/// <summary>A JSON merge patch (RFC 7396) of an instance: what is not there stays as it is.</summary>
/// <remarks>The attributes cannot be null, which would remove them; so each remembers whether it was there.</remarks>
internal sealed record ModifyInstanceRequest
{
    private readonly string? _instanceType;
    private readonly ShutdownBehavior? _shutdownBehavior;
    private readonly bool? _disableApiTermination;
    private readonly bool? _disableApiStop;
    private readonly IReadOnlyDictionary<string, string?>? _tags;

    /// <summary>Another instance type; only while the instance is stopped.</summary>
    /// <example>standard.medium</example>
    [MaxLength(CreateInstances.MaxTypeLength)]
    public string InstanceType
    {
        get => _instanceType ?? "";
        init => _instanceType = value;
    }

    /// <summary>What the guest's own poweroff does to the instance.</summary>
    public ShutdownBehavior ShutdownBehavior
    {
        get => _shutdownBehavior ?? default;
        init => _shutdownBehavior = value;
    }

    /// <summary>Whether requests to terminate it are refused.</summary>
    /// <example>true</example>
    public bool DisableApiTermination
    {
        get => _disableApiTermination ?? default;
        init => _disableApiTermination = value;
    }

    /// <summary>Whether requests to stop it are refused.</summary>
    /// <example>false</example>
    public bool DisableApiStop
    {
        get => _disableApiStop ?? default;
        init => _disableApiStop = value;
    }

    /// <summary>Labels to set, or with null to remove; others stay.</summary>
    /// <example>{"Name": "web-1", "old": null}</example>
    public IReadOnlyDictionary<string, string?> Tags
    {
        get => _tags ?? new Dictionary<string, string?>();
        init => _tags = value;
    }

    public ModifyInstance ToCommand() => new()
    {
        InstanceType = _instanceType,
        ShutdownBehavior = _shutdownBehavior,
        DisableApiTermination = _disableApiTermination,
        DisableApiStop = _disableApiStop,
        Tags = _tags,
    };
}

/// <summary>All labels that an instance shall have.</summary>
internal sealed record SetTagsRequest
{
    /// <summary>The labels; those that are not here are removed.</summary>
    /// <example>{"Name": "web-1", "stage": "test"}</example>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }
}

/// <summary>What was left for a guest.</summary>
internal sealed record UserDataView
{
    /// <summary>The bytes in base64, or null for none.</summary>
    /// <example>IyEvYmluL3NoCmVjaG8gaGVsbG8K</example>
    public required byte[]? UserData { get; init; }
}

/// <summary>How an instance's state changed.</summary>
internal sealed record TransitionList
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<TransitionView> Transitions { get; init; }
}

/// <summary>A change of an instance's state.</summary>
internal sealed record TransitionView
{
    /// <summary>0 for the creation, then 1 and up without gaps.</summary>
    /// <example>2</example>
    public required int Sequence { get; init; }

    /// <summary>When it was committed.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The state before; null for the creation.</summary>
    public required InstanceState? From { get; init; }

    /// <summary>The state from then on.</summary>
    public required InstanceState To { get; init; }

    /// <summary>Why, where there is something to say.</summary>
    public required StateReasonView? Reason { get; init; }

    public static TransitionView Of(TransitionDetails transition) => new()
    {
        Sequence = transition.Sequence,
        At = transition.At,
        From = transition.From,
        To = transition.To,
        Reason = StateReasonView.Of(transition.Reason),
    };
}
