using System.Runtime.InteropServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>An entry of the direct-mapped index of blocks.</summary>
// SAFETY: the block is one of the code cache that owns the slots, which clears a slot before it reuses the block.
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BlockSlot
{
    public const int Count = 1 << 15;

    /// <summary>The host address of the block's first instruction, or null.</summary>
    public byte* Host;

    public CodeBlock* Block;

    /// <summary>Where a block whose code starts at <paramref name="host"/> belongs.</summary>
    public static nuint IndexOf(byte* host) => (((nuint)host >> 1) ^ ((nuint)host >> 14)) & (Count - 1);
}
