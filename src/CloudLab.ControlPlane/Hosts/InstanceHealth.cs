using CloudLab.ControlPlane.Instances;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>A guest's health at one moment.</summary>
/// <param name="System">Whether its vCPUs make progress.</param>
/// <param name="Instance">Whether its agent answers.</param>
/// <param name="AgentRelease">The kernel release that the agent named, or null.</param>
/// <param name="Uptime">What the agent last said of the guest's uptime, or null.</param>
/// <param name="GarbageLines">How many lines on the agent's port made no sense.</param>
public sealed record InstanceHealth(
    CheckStatus System, CheckStatus Instance, string? AgentRelease, TimeSpan? Uptime, long GarbageLines);
