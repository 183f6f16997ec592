using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Events;

/// <summary>A request of a known caller that is not just reading, on its way through the server.</summary>
/// <remarks>Its event is written by the first write transaction that it makes, or by the server before it answers when it made none.</remarks>
public sealed class ApiCall
{
    public required AccountId AccountId { get; init; }

    public required string Actor { get; init; }

    public string? ActorName { get; init; }

    public string? SourceAddress { get; init; }

    public required string Action { get; init; }

    public required string ResourceType { get; init; }

    /// <summary>What the path names, or null.</summary>
    public string? ResourceId { get; init; }

    public string? RequestId { get; init; }

    /// <summary>Whether its event is committed.</summary>
    public bool IsRecorded { get; internal set; }

    /// <summary>The answer has been given: what goes on after it in the same flow is not the caller's any more.</summary>
    public bool IsOver { get; private set; }

    public void End() => IsOver = true;
}
