using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Integer computation: RV64I and M (unprivileged specification, chapters 4 and 13).</summary>
internal static unsafe partial class Handlers
{
    [MethodImpl(Threaded)]
    public static void Addi(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Slti(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (long)X(h)[op->Rs1] < op->Immediate ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sltiu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] < (ulong)(long)op->Immediate ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Xori(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] ^ (ulong)(long)op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Ori(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] | (ulong)(long)op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Andi(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] & (ulong)(long)op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Slli(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] << op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Srli(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] >> op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Srai(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)((long)X(h)[op->Rs1] >> op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Addiw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] + op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Slliw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] << op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Srliw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)(int)((uint)X(h)[op->Rs1] >> op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sraiw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] >> op->Immediate);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Li(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Mv(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Auipc(HartState* h, Op* op)
    {
        X(h)[op->Rd] = h->BlockPc + (ulong)(long)op->Immediate;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Add(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] + X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sub(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] - X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sll(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] << (int)(X(h)[op->Rs2] & 63);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Slt(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (long)X(h)[op->Rs1] < (long)X(h)[op->Rs2] ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sltu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] < X(h)[op->Rs2] ? 1UL : 0UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Xor(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] ^ X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Srl(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] >> (int)(X(h)[op->Rs2] & 63);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sra(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)((long)X(h)[op->Rs1] >> (int)(X(h)[op->Rs2] & 63));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Or(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] | X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void And(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] & X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Addw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] + (int)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Subw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] - (int)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sllw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] << (int)(X(h)[op->Rs2] & 31));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Srlw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)(int)((uint)X(h)[op->Rs1] >> (int)(X(h)[op->Rs2] & 31));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sraw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] >> (int)(X(h)[op->Rs2] & 31));
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Mul(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs1] * X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Mulhu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Math.BigMul(X(h)[op->Rs1], X(h)[op->Rs2], out _);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Mulh(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)Math.BigMul((long)X(h)[op->Rs1], (long)X(h)[op->Rs2], out _);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Mulw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = (ulong)(long)((int)X(h)[op->Rs1] * (int)X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Mulhsu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Math.BigMul(X(h)[op->Rs1], X(h)[op->Rs2], out _) - ((long)X(h)[op->Rs1] < 0 ? X(h)[op->Rs2] : 0);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Div(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Division.Signed(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Divu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs2] == 0 ? ulong.MaxValue : X(h)[op->Rs1] / X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Rem(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Division.SignedRemainder(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Remu(HartState* h, Op* op)
    {
        X(h)[op->Rd] = X(h)[op->Rs2] == 0 ? X(h)[op->Rs1] : X(h)[op->Rs1] % X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Divw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Division.SignedWord(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Divuw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Division.UnsignedWord(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Remw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Division.SignedRemainderWord(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Remuw(HartState* h, Op* op)
    {
        X(h)[op->Rd] = Division.UnsignedRemainderWord(X(h)[op->Rs1], X(h)[op->Rs2]);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Nop(HartState* h, Op* op)
    {
        op[1].Handler(h, op + 1);
    }

    /// <summary>Orders earlier stores before later loads, as seen by other harts and devices.</summary>
    [MethodImpl(Threaded)]
    public static void Fence(HartState* h, Op* op)
    {
        Interlocked.MemoryBarrier();
        op[1].Handler(h, op + 1);
    }
}
