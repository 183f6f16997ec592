using System.Runtime.CompilerServices;
using CloudLab.Machine.Rv64.FloatingPoint;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>F and D: sign injection, minimum and maximum, comparison, classification.</summary>
internal static unsafe partial class Handlers
{
    [MethodImpl(Threaded)]
    public static void FsgnjS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box((NanBox.Unbox(h->F[op->Rs2]) & Float32.SignBit) | (NanBox.Unbox(h->F[op->Rs1]) & ~Float32.SignBit));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsgnjD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = (h->F[op->Rs2] & Float64.SignBit) | (h->F[op->Rs1] & ~Float64.SignBit);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsgnjnS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box((~NanBox.Unbox(h->F[op->Rs2]) & Float32.SignBit) | (NanBox.Unbox(h->F[op->Rs1]) & ~Float32.SignBit));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsgnjnD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = (~h->F[op->Rs2] & Float64.SignBit) | (h->F[op->Rs1] & ~Float64.SignBit);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsgnjxS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(NanBox.Unbox(h->F[op->Rs1]) ^ (NanBox.Unbox(h->F[op->Rs2]) & Float32.SignBit));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsgnjxD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = h->F[op->Rs1] ^ (h->F[op->Rs2] & Float64.SignBit);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FminS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.Min(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FminD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = Float64.Min(h->F[op->Rs1], h->F[op->Rs2], ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmaxS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.Max(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmaxD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = Float64.Max(h->F[op->Rs1], h->F[op->Rs2], ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FeqS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float32.Eq(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), ref h->FloatFlags) ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FeqD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float64.Eq(h->F[op->Rs1], h->F[op->Rs2], ref h->FloatFlags) ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FltS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float32.Lt(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), ref h->FloatFlags) ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FltD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float64.Lt(h->F[op->Rs1], h->F[op->Rs2], ref h->FloatFlags) ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FleS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float32.Le(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), ref h->FloatFlags) ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FleD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float64.Le(h->F[op->Rs1], h->F[op->Rs2], ref h->FloatFlags) ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FclassS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float32.Classify(NanBox.Unbox(h->F[op->Rs1]));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FclassD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = Float64.Classify(h->F[op->Rs1]);
        op[1].Handler(h, op + 1);
    }
}
