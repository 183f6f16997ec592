namespace CloudLab.Storage.Volumes;

/// <summary>What a flush waits for.</summary>
public enum VolumeDurability
{
    /// <summary>The local log: survives power loss of the host, not the loss of its disk.</summary>
    Host,

    /// <summary>The blob store: survives the loss of the host.</summary>
    Store,
}
