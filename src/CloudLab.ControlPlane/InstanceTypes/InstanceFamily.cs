namespace CloudLab.ControlPlane.InstanceTypes;

/// <summary>What a group of instance types is made for.</summary>
public enum InstanceFamily
{
    /// <summary>Balanced.</summary>
    Standard,

    /// <summary>Four times the memory per vCPU.</summary>
    Highmem,

    /// <summary>Four times the vCPUs per memory.</summary>
    Highcpu,
}
