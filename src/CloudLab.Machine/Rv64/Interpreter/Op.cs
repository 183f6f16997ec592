using System.Runtime.InteropServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// One decoded instruction, 16 bytes. The ops of a block lie one after the other, one per guest instruction, so that
/// an op's index in its block is the number of instructions executed before it. Behind a block's last op stand up to
/// two link slots, see <see cref="OpLink"/>.
/// </summary>
// SAFETY: the handler is a static method, whose address never changes.
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Op
{
    /// <summary>
    /// Added to a load's or store's funct3 (its size, and whether a load extends by zeroes) when it accesses F. Slow paths
    /// read it here and not in guest memory, where the instruction may have become another one since it was decoded.
    /// </summary>
    public const byte FloatAccess = 8;

    /// <summary>Executes this op and calls the next one's handler as its last act (a jump, not a call).</summary>
    public delegate*<HartState*, Op*, void> Handler;

    /// <summary>The immediate; relative to the block's start where it is relative to the pc; or the raw instruction.</summary>
    public int Immediate;

    /// <summary>The destination's index in X (x0 became the sink) or F. In a store: what is accessed, see <see cref="FloatAccess"/>.</summary>
    public byte Rd;

    /// <summary>The first source's index.</summary>
    public byte Rs1;

    /// <summary>
    /// The second source's index; the shift amount's place is <see cref="Immediate"/>. In a load: what is accessed, see
    /// <see cref="FloatAccess"/>.
    /// </summary>
    public byte Rs2;

    /// <summary>
    /// Bits 7–1: the instruction's offset from the block's start in halfwords. Bit 0: 1 when it is 4 bytes long.
    /// </summary>
    public byte Place;

    /// <summary>The instruction's offset from the block's start in bytes.</summary>
    public readonly uint Offset => (uint)Place & 0xfe;

    /// <summary>The instruction's length in bytes.</summary>
    public readonly uint Length => 2 + (((uint)Place & 1) << 1);
}
