using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Bit manipulation and conditional zero: Zba, Zbb, Zbs (unprivileged specification, chapter 30) and Zicond.</summary>
internal static unsafe partial class Handlers
{
    [MethodImpl(Threaded)]
    public static void AddUw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (uint)X(h)[op->Rs1] + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sh1Add(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (X(h)[op->Rs1] << 1) + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sh2Add(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (X(h)[op->Rs1] << 2) + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sh3Add(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (X(h)[op->Rs1] << 3) + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sh1AddUw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = ((ulong)(uint)X(h)[op->Rs1] << 1) + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sh2AddUw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = ((ulong)(uint)X(h)[op->Rs1] << 2) + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sh3AddUw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = ((ulong)(uint)X(h)[op->Rs1] << 3) + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void SlliUw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(uint)X(h)[op->Rs1] << op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Andn(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] & ~X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Orn(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] | ~X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Xnor(HartState* h, Op* op)
    {
        X(h)[op->Rd] = ~(X(h)[op->Rs1] ^ X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Clz(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)BitOperations.LeadingZeroCount(X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Clzw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)BitOperations.LeadingZeroCount((uint)X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Ctz(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)BitOperations.TrailingZeroCount(X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Ctzw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)BitOperations.TrailingZeroCount((uint)X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Cpop(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)BitOperations.PopCount(X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Cpopw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)BitOperations.PopCount((uint)X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Max(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)Math.Max((long)X(h)[op->Rs1], (long)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Maxu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Math.Max(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Min(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)Math.Min((long)X(h)[op->Rs1], (long)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Minu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Math.Min(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void SextB(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)(sbyte)X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void SextH(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)(short)X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void ZextH(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ushort)X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Rol(HartState* h, Op* op)
    {
        X(h)[op->Rd] = BitOperations.RotateLeft(X(h)[op->Rs1], (int)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Rolw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)(int)BitOperations.RotateLeft((uint)X(h)[op->Rs1], (int)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Ror(HartState* h, Op* op)
    {
        X(h)[op->Rd] = BitOperations.RotateRight(X(h)[op->Rs1], (int)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Rorw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)(int)BitOperations.RotateRight((uint)X(h)[op->Rs1], (int)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Rori(HartState* h, Op* op)
    {
        X(h)[op->Rd] = BitOperations.RotateRight(X(h)[op->Rs1], op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Roriw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)(int)BitOperations.RotateRight((uint)X(h)[op->Rs1], op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void OrcB(HartState* h, Op* op)
    {
        X(h)[op->Rd] = OrCombineBytes(X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Rev8(HartState* h, Op* op)
    {
        X(h)[op->Rd] = BinaryPrimitives.ReverseEndianness(X(h)[op->Rs1]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Bclr(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] & ~(1UL << (int)(X(h)[op->Rs2] & 63));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Bclri(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] & ~(1UL << op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Bext(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] >> (int)(X(h)[op->Rs2] & 63) & 1;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Bexti(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] >> op->Immediate & 1;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Binv(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] ^ (1UL << (int)(X(h)[op->Rs2] & 63));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Binvi(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] ^ (1UL << op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Bset(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] | (1UL << (int)(X(h)[op->Rs2] & 63));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Bseti(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] | (1UL << op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void CzeroEqz(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs2] == 0 ? 0 : X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void CzeroNez(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs2] != 0 ? 0 : X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    /// <summary>Each byte that is not zero becomes all ones.</summary>
    private static ulong OrCombineBytes(ulong value)
    {
        const ulong Low = 0x0101_0101_0101_0101;
        value |= value >> 4 & 0x0f * Low;
        value |= value >> 2 & 0x03 * Low;
        value |= value >> 1 & Low;
        return (value & Low) * 0xff;
    }
}
