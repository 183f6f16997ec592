namespace CloudLab.ControlPlane.Quotas;

/// <summary>What an account can have only so much of.</summary>
public enum QuotaName
{
    /// <summary>Instances that are not terminated, stopped ones among them.</summary>
    Instances,

    /// <summary>vCPUs of instances that run or should run, as in EC2.</summary>
    Vcpus,

    /// <summary>Bytes of RAM of instances that run or should run.</summary>
    MemoryBytes,

    /// <summary>Volumes.</summary>
    Volumes,

    /// <summary>The volumes' sizes, in bytes.</summary>
    VolumeBytes,

    /// <summary>Snapshots.</summary>
    Snapshots,

    /// <summary>The account's own images.</summary>
    Images,

    /// <summary>Buckets of the object store.</summary>
    Buckets,

    /// <summary>Objects in the account's buckets, each version counted.</summary>
    Objects,

    /// <summary>Bytes of the objects in the account's buckets, each version counted.</summary>
    ObjectBytes,
}
