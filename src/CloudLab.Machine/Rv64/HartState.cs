using System.Runtime.InteropServices;
using CloudLab.Machine.Rv64.Interpreter;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// The hot state of one hart: everything that guest instructions touch, in one native, page-aligned block that an
/// interpreter's handlers and translated code address off a single pointer. No managed reference is in it.
/// </summary>
/// <remarks>
/// Owned by the thread that runs the hart. <see cref="Attention"/> alone is written by others. Privileged state that
/// only the VMM touches (CSRs) stands in <see cref="Hart"/>.
/// </remarks>
// SAFETY: lives in native memory that Hart maps and frees; its pointers lead into the same mapping or the hart's code cache.
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HartState
{
    /// <summary>The index in <see cref="X"/> that takes results written to x0.</summary>
    public const int Sink = 32;

    /// <summary>x0–x31 and the sink. x0 is never written, so it always reads as zero.</summary>
    public fixed ulong X[33];

    /// <summary>Instructions left in this slice; a block takes all of its own on entry, early exits give the rest back.</summary>
    public long Countdown;

    /// <summary>Negative when another thread wants the hart to leave guest code at the next block; else 0.</summary>
    public long Attention;

    /// <summary>The guest-virtual address at which the running block starts.</summary>
    public ulong BlockPc;

    /// <summary>The running block.</summary>
    public CodeBlock* Block;

    /// <summary>The TLB of the context in force for loads and stores.</summary>
    public TlbEntry* DataTlb;

    /// <summary>The TLB of the context in force for instruction fetch.</summary>
    public TlbEntry* FetchTlb;

    /// <summary>Decoded blocks by host address, direct-mapped.</summary>
    public BlockSlot* Blocks;

    /// <summary>f0–f31; single-precision values are NaN-boxed.</summary>
    public fixed ulong F[32];

    /// <summary>fflags: the accrued exceptions.</summary>
    public uint FloatFlags;

    /// <summary>frm: the dynamic rounding mode, 5–7 are invalid and make instructions that use it illegal.</summary>
    public uint FloatRounding;

    /// <summary>mstatus.FS: 0 off, 1 initial, 2 clean, 3 dirty.</summary>
    public uint FloatState;

    /// <summary>Not 0 when the mode in force may execute <c>cbo.zero</c>.</summary>
    public uint MayZeroBlocks;

    /// <summary>Why guest code was left, see <see cref="ExitKind"/>.</summary>
    public ExitKind Exit;

    /// <summary>The pc of the instruction that caused the exit, or at which to go on.</summary>
    public ulong Pc;

    /// <summary>The instruction that caused the exit, expanded to 32 bits.</summary>
    public uint ExitInstruction;

    /// <summary>The length in bytes (2 or 4) of the instruction that caused the exit.</summary>
    public uint ExitLength;

    /// <summary>The guest-physical address of an MMIO exit.</summary>
    public ulong ExitAddress;

    /// <summary>The guest-virtual address of an MMIO exit, for the fault where nothing answers.</summary>
    public ulong ExitVirtual;

    /// <summary>The value of an MMIO store.</summary>
    public ulong ExitValue;

    /// <summary>The size in bytes of an MMIO access.</summary>
    public int ExitSize;

    /// <summary>How an MMIO load's result is extended and where it goes.</summary>
    public MmioTarget ExitTarget;

    /// <summary>The register number an MMIO load writes.</summary>
    public int ExitRegister;

    /// <summary>The guest-physical address reserved by LR, or all ones.</summary>
    public ulong ReservationAddress;

    /// <summary>The value that LR read; SC succeeds when the memory still holds it (compare-and-swap).</summary>
    public ulong ReservationValue;

    /// <summary>A <see cref="GCHandle"/> of the owning <see cref="Hart"/>, for slow paths.</summary>
    public nint Owner;

    /// <summary>Where handlers go for what is rare.</summary>
    public ColdHandlers Cold;

    /// <summary>Where <see cref="Interpreter.Handlers.Link"/> stores the block it finds, or null.</summary>
    public CodeBlock** LinkSlot;
}
