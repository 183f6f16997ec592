namespace CloudLab.ControlPlane.Hosts;

/// <summary>A host's right to write what it observes: it holds while the host's row has this epoch.</summary>
/// <param name="Name">The host's name.</param>
/// <param name="Epoch">Raised whenever the name changes hands: by a new process of the host, or by a takeover.</param>
public sealed record HostLease(string Name, long Epoch);
