namespace CloudLab.ControlPlane.Identity;

/// <summary>What is to change of a user; null leaves it.</summary>
/// <param name="Role">The role from now on; also of its tokens and keys that may more.</param>
/// <param name="Disabled">Whether its tokens and keys are refused.</param>
public sealed record UserChange(Role? Role, bool? Disabled);
