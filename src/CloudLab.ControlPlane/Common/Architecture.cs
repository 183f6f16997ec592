namespace CloudLab.ControlPlane.Common;

/// <summary>An instruction set architecture of guests.</summary>
public enum Architecture
{
    /// <summary>RV64GC.</summary>
    Riscv64,
}
