using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// Proves at start that the runtime turns a handler's last call into a jump. Where it does not (an attached debugger
/// that suppresses optimisation, an unknown runtime), a long chain would overflow the stack: better to refuse clearly.
/// </summary>
internal static unsafe class TailCallCheck
{
    private const int Links = 64;

    /// <exception cref="PlatformNotSupportedException">Handlers would grow the stack.</exception>
    public static void Run()
    {
        // SAFETY: the chain runs over this frame's own ops and state, which outlive the call.
        Op* ops = stackalloc Op[Links + 1];
        for (int i = 0; i < Links; i++) ops[i].Handler = &Probe;
        ops[Links].Handler = &ProbeEnd;
        HartState state = default;
        Start(&state, ops);
        // 64 links with a frame each would need at least a kilobyte; a jump needs nothing.
        if (state.X[1] - state.X[2] > 512)
            throw new PlatformNotSupportedException(
                "The .NET runtime does not make tail calls here, which the interpreter depends on. " +
                "Run without a debugger that suppresses JIT optimisation.");
    }

    [MethodImpl(Handlers.Threaded | MethodImplOptions.NoInlining)]
    private static void Start(HartState* h, Op* op)
    {
        byte marker;
        h->X[1] = (ulong)&marker;
        op->Handler(h, op);
        marker = 0;
    }

    [MethodImpl(Handlers.Threaded)]
    private static void Probe(HartState* h, Op* op) => op[1].Handler(h, op + 1);

    [MethodImpl(Handlers.Threaded)]
    private static void ProbeEnd(HartState* h, Op* op)
    {
        byte marker;
        h->X[2] = (ulong)&marker;
    }
}
