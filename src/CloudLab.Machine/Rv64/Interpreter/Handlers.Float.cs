using System.Runtime.CompilerServices;
using CloudLab.Machine.Rv64.FloatingPoint;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>F and D: arithmetic (unprivileged specification, chapters 20 and 21).</summary>
internal static unsafe partial class Handlers
{
    private const uint DynamicRounding = 7;
    private const uint LastRounding = 4;

    [MethodImpl(Threaded)]
    public static void FaddS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.Add(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FaddD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.Add(h->F[op->Rs1], h->F[op->Rs2], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsubS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.Sub(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsubD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.Sub(h->F[op->Rs1], h->F[op->Rs2], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmulS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.Mul(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmulD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.Mul(h->F[op->Rs1], h->F[op->Rs2], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FdivS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.Div(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FdivD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.Div(h->F[op->Rs1], h->F[op->Rs2], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsqrtS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.Sqrt(NanBox.Unbox(h->F[op->Rs1]), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FsqrtD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = op->Immediate == DynamicRounding ? h->FloatRounding : (uint)op->Immediate;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.Sqrt(h->F[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmaddS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.FusedMultiplyAdd(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), NanBox.Unbox(h->F[op->Immediate >> 3]), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmaddD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.FusedMultiplyAdd(h->F[op->Rs1], h->F[op->Rs2], h->F[op->Immediate >> 3], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmsubS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.FusedMultiplyAdd(NanBox.Unbox(h->F[op->Rs1]), NanBox.Unbox(h->F[op->Rs2]), Float32.Negate(NanBox.Unbox(h->F[op->Immediate >> 3])), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmsubD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.FusedMultiplyAdd(h->F[op->Rs1], h->F[op->Rs2], Float64.Negate(h->F[op->Immediate >> 3]), (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FnmsubS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.FusedMultiplyAdd(Float32.Negate(NanBox.Unbox(h->F[op->Rs1])), NanBox.Unbox(h->F[op->Rs2]), NanBox.Unbox(h->F[op->Immediate >> 3]), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FnmsubD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.FusedMultiplyAdd(Float64.Negate(h->F[op->Rs1]), h->F[op->Rs2], h->F[op->Immediate >> 3], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FnmaddS(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = NanBox.Box(Float32.FusedMultiplyAdd(Float32.Negate(NanBox.Unbox(h->F[op->Rs1])), NanBox.Unbox(h->F[op->Rs2]), Float32.Negate(NanBox.Unbox(h->F[op->Immediate >> 3])), (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FnmaddD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        uint rounding = (op->Immediate & 7) == DynamicRounding ? h->FloatRounding : (uint)op->Immediate & 7;
        if (rounding > LastRounding)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->F[op->Rd] = Float64.FusedMultiplyAdd(Float64.Negate(h->F[op->Rs1]), h->F[op->Rs2], Float64.Negate(h->F[op->Immediate >> 3]), (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }
}
