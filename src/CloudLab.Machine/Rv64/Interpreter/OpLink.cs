using System.Runtime.InteropServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// A link slot behind a block's last op: the block that a direct jump leads to, once known. Only targets on the same
/// page are linked: the page's mapping is then in force for the target too, and when the page is written all of its
/// blocks are dropped together, so no link ever dangles.
/// </summary>
// SAFETY: the target is a block of the code cache that holds this slot; both are dropped together.
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OpLink
{
    public CodeBlock* Target;

    /// <summary>The target's distance from the block's start in bytes.</summary>
    public long Distance;
}
