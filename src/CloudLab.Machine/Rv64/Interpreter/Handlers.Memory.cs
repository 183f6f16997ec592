using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Loads and stores: one TLB compare, then the host's own access.</summary>
internal static unsafe partial class Handlers
{
    [MethodImpl(Threaded)]
    public static void Lb(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        X(h)[op->Rd] = (ulong)(long)*(sbyte*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Lh(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 1) & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        X(h)[op->Rd] = (ulong)(long)*(short*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Lw(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 3) & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        X(h)[op->Rd] = (ulong)(long)*(int*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Ld(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 7) & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        X(h)[op->Rd] = *(ulong*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Lbu(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        X(h)[op->Rd] = *(byte*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Lhu(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 1) & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        X(h)[op->Rd] = *(ushort*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Lwu(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 3) & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        X(h)[op->Rd] = *(uint*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sb(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & TlbEntry.PageMask) != entry->WriteTag)
        {
            h->Cold.Store(h, op);
            return;
        }

        *(byte*)(address + entry->Addend) = (byte)X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sh(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 1) & TlbEntry.PageMask) != entry->WriteTag)
        {
            h->Cold.Store(h, op);
            return;
        }

        *(ushort*)(address + entry->Addend) = (ushort)X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sw(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 3) & TlbEntry.PageMask) != entry->WriteTag)
        {
            h->Cold.Store(h, op);
            return;
        }

        *(uint*)(address + entry->Addend) = (uint)X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Sd(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 7) & TlbEntry.PageMask) != entry->WriteTag)
        {
            h->Cold.Store(h, op);
            return;
        }

        *(ulong*)(address + entry->Addend) = X(h)[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Flw(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 3) & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        h->F[op->Rd] = NanBoxMask | *(uint*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Fld(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 7) & TlbEntry.PageMask) != entry->ReadTag)
        {
            h->Cold.Load(h, op);
            return;
        }

        h->F[op->Rd] = *(ulong*)(address + entry->Addend);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Fsw(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 3) & TlbEntry.PageMask) != entry->WriteTag)
        {
            h->Cold.Store(h, op);
            return;
        }

        *(uint*)(address + entry->Addend) = (uint)h->F[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void Fsd(HartState* h, Op* op)
    {
        if (h->FloatState != FloatDirty)
        {
            h->Cold.FloatState(h, op);
            return;
        }

        ulong address = X(h)[op->Rs1] + (ulong)(long)op->Immediate;
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if (((address + 7) & TlbEntry.PageMask) != entry->WriteTag)
        {
            h->Cold.Store(h, op);
            return;
        }

        *(ulong*)(address + entry->Addend) = h->F[op->Rs2];
        op[1].Handler(h, op + 1);
    }

    /// <summary>Zeroes a cache block; leaves for the VMM where it is not enabled or the page is not writable yet.</summary>
    [MethodImpl(Threaded)]
    public static void CboZero(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1] & ~(ulong)(Hart.CacheBlockSize - 1);
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & TlbEntry.PageMask) != entry->WriteTag || h->MayZeroBlocks == 0)
        {
            h->Cold.Exit(h, op);
            return;
        }

        new Span<byte>((byte*)(address + entry->Addend), Hart.CacheBlockSize).Clear();
        op[1].Handler(h, op + 1);
    }
}
