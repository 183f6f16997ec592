namespace CloudLab.ControlPlane.Instances;

/// <summary>What a request did to an instance's state.</summary>
/// <param name="Id">Which instance.</param>
/// <param name="Previous">The state before.</param>
/// <param name="Current">The state now.</param>
public sealed record InstanceChange(InstanceId Id, InstanceState Previous, InstanceState Current);
