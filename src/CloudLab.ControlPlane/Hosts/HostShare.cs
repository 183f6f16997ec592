namespace CloudLab.ControlPlane.Hosts;

/// <summary>A part of a host: what an instance takes of it, or what it has left.</summary>
/// <param name="Vcpus">vCPUs promised.</param>
/// <param name="MemoryBytes">Bytes of RAM promised.</param>
internal readonly record struct HostShare(long Vcpus, long MemoryBytes)
{
    /// <summary>How many of the given size fit in here.</summary>
    public long PlacesFor(HostShare size) => Math.Min(Vcpus / size.Vcpus, MemoryBytes / size.MemoryBytes);
}
