using System.Runtime.CompilerServices;
using CloudLab.Machine.Rv64.FloatingPoint;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>F and D: conversions and moves.</summary>
internal static unsafe partial class Handlers
{
    [MethodImpl(Threaded)]
    public static void FcvtWS(HartState* h, Op* op)
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

        X(h)[op->Rd] = (ulong)(long)Float32.ToInt32(NanBox.Unbox(h->F[op->Rs1]), (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtWuS(HartState* h, Op* op)
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

        X(h)[op->Rd] = (ulong)(long)(int)Float32.ToUInt32(NanBox.Unbox(h->F[op->Rs1]), (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtLS(HartState* h, Op* op)
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

        X(h)[op->Rd] = (ulong)Float32.ToInt64(NanBox.Unbox(h->F[op->Rs1]), (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtLuS(HartState* h, Op* op)
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

        X(h)[op->Rd] = Float32.ToUInt64(NanBox.Unbox(h->F[op->Rs1]), (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtSW(HartState* h, Op* op)
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

        h->F[op->Rd] = NanBox.Box(Float32.FromInt32((int)X(h)[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtSWu(HartState* h, Op* op)
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

        h->F[op->Rd] = NanBox.Box(Float32.FromUInt32((uint)X(h)[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtSL(HartState* h, Op* op)
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

        h->F[op->Rd] = NanBox.Box(Float32.FromInt64((long)X(h)[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtSLu(HartState* h, Op* op)
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

        h->F[op->Rd] = NanBox.Box(Float32.FromUInt64(X(h)[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtWD(HartState* h, Op* op)
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

        X(h)[op->Rd] = (ulong)(long)Float64.ToInt32(h->F[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtWuD(HartState* h, Op* op)
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

        X(h)[op->Rd] = (ulong)(long)(int)Float64.ToUInt32(h->F[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtLD(HartState* h, Op* op)
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

        X(h)[op->Rd] = (ulong)Float64.ToInt64(h->F[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtLuD(HartState* h, Op* op)
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

        X(h)[op->Rd] = Float64.ToUInt64(h->F[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtDW(HartState* h, Op* op)
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

        h->F[op->Rd] = Float64.FromInt32((int)X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtDWu(HartState* h, Op* op)
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

        h->F[op->Rd] = Float64.FromUInt32((uint)X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtDL(HartState* h, Op* op)
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

        h->F[op->Rd] = Float64.FromInt64((long)X(h)[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtDLu(HartState* h, Op* op)
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

        h->F[op->Rd] = Float64.FromUInt64(X(h)[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtSD(HartState* h, Op* op)
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

        h->F[op->Rd] = NanBox.Box(Float32.FromFloat64(h->F[op->Rs1], (RoundingMode)rounding, ref h->FloatFlags));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FcvtDS(HartState* h, Op* op)
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

        h->F[op->Rd] = Float64.FromFloat32(NanBox.Unbox(h->F[op->Rs1]), ref h->FloatFlags);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmvXW(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = (ulong)(long)(int)h->F[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmvXD(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        X(h)[op->Rd] = h->F[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmvWX(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = NanBoxMask | (uint)X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void FmvDX(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        h->F[op->Rd] = X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }
}
