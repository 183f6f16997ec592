using System.Diagnostics;

namespace CloudLab.ControlPlane;

/// <summary>The spans of the control plane. They cost nothing while nobody listens.</summary>
public static class ControlPlaneActivities
{
    public const string SourceName = "CloudLab.ControlPlane";

    internal static ActivitySource Source { get; } = new(SourceName);
}
