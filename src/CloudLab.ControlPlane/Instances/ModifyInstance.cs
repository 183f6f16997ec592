namespace CloudLab.ControlPlane.Instances;

/// <summary>Changes of an instance's attributes; null leaves one as it is.</summary>
public sealed record ModifyInstance
{
    /// <summary>Another type; only while the instance is stopped.</summary>
    public string? InstanceType { get; init; }

    public ShutdownBehavior? ShutdownBehavior { get; init; }

    public bool? DisableApiTermination { get; init; }

    public bool? DisableApiStop { get; init; }

    /// <summary>Tags to set, or with a null value to remove; others stay.</summary>
    public IReadOnlyDictionary<string, string?>? Tags { get; init; }
}
