using CloudLab.ControlPlane.Instances;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>An instance of this host that has something to do, and which version of its row there is.</summary>
internal readonly record struct InstanceVersion(InstanceId Id, long Version);
