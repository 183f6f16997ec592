namespace CloudLab.ControlPlane.Instances;

/// <summary>What a running instance's host observed of its guest.</summary>
/// <param name="System">Whether its vCPUs make progress.</param>
/// <param name="Instance">Whether its agent answers.</param>
/// <param name="IsShortOfMemory">Whether it is paused because the host has no memory for what the guest writes.</param>
internal readonly record struct InstanceChecks(CheckStatus System, CheckStatus Instance, bool IsShortOfMemory);
