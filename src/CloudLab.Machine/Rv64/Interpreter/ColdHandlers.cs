using System.Runtime.InteropServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// The rare continuations of the handlers, called through the hart's state. A direct call might be inlined, and then a
/// hot handler would save registers for it on every execution; marking the callee against inlining is no way out, because
/// the runtime makes no tail calls from methods marked so.
/// </summary>
// SAFETY: static methods, whose addresses never change.
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ColdHandlers
{
    /// <summary>A load that missed the TLB.</summary>
    public delegate*<HartState*, Op*, void> Load;

    /// <summary>A store that missed the TLB.</summary>
    public delegate*<HartState*, Op*, void> Store;

    /// <summary>An atomic that missed the TLB or is misaligned.</summary>
    public delegate*<HartState*, Op*, void> Atomic;

    /// <summary>A floating-point instruction while mstatus.FS is not dirty.</summary>
    public delegate*<HartState*, Op*, void> FloatState;

    /// <summary>A jump along a link slot that is not filled.</summary>
    public delegate*<HartState*, Op*, void> Link;

    /// <summary>The slice is used up, or someone wants attention.</summary>
    public delegate*<HartState*, Op*, void> Pause;

    /// <summary>An instruction that turns out to be illegal as it executes.</summary>
    public delegate*<HartState*, Op*, void> Illegal;

    /// <summary>An instruction that turns out to need the VMM as it executes.</summary>
    public delegate*<HartState*, Op*, void> Exit;

    public static ColdHandlers Create() => new()
    {
        Load = &Handlers.LoadSlow,
        Store = &Handlers.StoreSlow,
        Atomic = &Handlers.AtomicSlow,
        FloatState = &Handlers.FloatStateSlow,
        Link = &Handlers.Link,
        Pause = &Handlers.Pause,
        Illegal = &Handlers.Illegal,
        Exit = &Handlers.Exit,
    };
}
