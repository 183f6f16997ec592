using CloudLab.ControlPlane.Images;

namespace CloudLab.Server.Api.Health;

/// <summary>Whether the built-in image can start.</summary>
internal sealed record ReadinessView
{
    /// <summary>Whether it can.</summary>
    /// <example>false</example>
    public required bool Ready { get; init; }

    /// <summary>What is still to come, or what went wrong and what to do about it; null when ready.</summary>
    /// <example>downloading packages (42 %)</example>
    public required string? Reason { get; init; }

    /// <summary>The image's state.</summary>
    public required ImageState? Image { get; init; }
}

/// <summary>The process answers.</summary>
internal sealed record LivenessView
{
    /// <summary>Always "live".</summary>
    /// <example>live</example>
    public string Status { get; } = "live";
}
