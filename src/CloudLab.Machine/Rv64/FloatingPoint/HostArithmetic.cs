using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>When the host's own arithmetic may answer for the guest's.</summary>
/// <remarks>
/// .NET runs with the host's rounding to nearest even and without flush-to-zero, so that a host result has the right
/// bits unless it is NaN. It does not tell the flags. Where NX is accrued already, the only flag that a result well
/// inside the normal range can raise changes nothing; that is the usual case, since programs seldom clear <c>fflags</c>.
/// </remarks>
internal static class HostArithmetic
{
    /// <summary>A constant for the JIT: without the instruction the BCL's fused multiply-add is slower than ours.</summary>
    public static bool HasFusedMultiplyAdd => Fma.IsSupported || AdvSimd.IsSupported;

    public static bool IsUsable(RoundingMode rm, uint flags) => ((uint)rm | (~flags & FloatFlags.NX)) == 0;
}
