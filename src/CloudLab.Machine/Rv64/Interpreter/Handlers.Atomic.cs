using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// The A extension on the host's own atomics, which are stronger than any aq/rl bits ask for; only LR is a plain load
/// here, which the host may let pass earlier stores, and so needs a barrier for its rl bit. LR/SC is by compare-and-swap:
/// SC succeeds when the memory holds the value that LR read.
/// </summary>
internal static unsafe partial class Handlers
{
    [MethodImpl(Threaded)]
    public static void AmoSwapW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)(long)Interlocked.Exchange(ref *memory, (int)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoAddW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)(long)(Interlocked.Add(ref *memory, (int)value) - (int)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoXorW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        int old = *memory;
        int seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, old ^ (int)value, old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)(long)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoAndW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)(long)Interlocked.And(ref *memory, (int)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoOrW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)(long)Interlocked.Or(ref *memory, (int)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMinW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        int old = *memory;
        int seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, Math.Min(old, (int)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)(long)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMaxW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        int old = *memory;
        int seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, Math.Max(old, (int)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)(long)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMinuW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        int old = *memory;
        int seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, (int)Math.Min((uint)old, (uint)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)(long)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMaxuW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int* memory = (int*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        int old = *memory;
        int seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, (int)Math.Max((uint)old, (uint)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)(long)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoSwapD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)Interlocked.Exchange(ref *memory, (long)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoAddD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)(Interlocked.Add(ref *memory, (long)value) - (long)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoXorD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        long old = *memory;
        long seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, old ^ (long)value, old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoAndD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)Interlocked.And(ref *memory, (long)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoOrD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        X(h)[op->Rd] = (ulong)Interlocked.Or(ref *memory, (long)value);
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMinD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        long old = *memory;
        long seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, Math.Min(old, (long)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMaxD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        long old = *memory;
        long seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, Math.Max(old, (long)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMinuD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        long old = *memory;
        long seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, (long)Math.Min((ulong)old, (ulong)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void AmoMaxuD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long* memory = (long*)(address + entry->Addend);
        ulong value = X(h)[op->Rs2];
        long old = *memory;
        long seen;
        while ((seen = Interlocked.CompareExchange(ref *memory, (long)Math.Max((ulong)old, (ulong)value), old)) != old) old = seen;
        X(h)[op->Rd] = (ulong)old;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void LrW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->ReadTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        ulong value = (ulong)Volatile.Read(ref *(int*)(address + entry->Addend));
        h->ReservationAddress = address + entry->Addend;
        h->ReservationValue = value;
        X(h)[op->Rd] = value;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void LrWRelease(HartState* h, Op* op)
    {
        Interlocked.MemoryBarrier();
        LrW(h, op);
    }

    [MethodImpl(Threaded)]
    public static void ScW(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 3)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        int expected = (int)h->ReservationValue;
        bool stored = h->ReservationAddress == address + entry->Addend
            && Interlocked.CompareExchange(ref *(int*)(address + entry->Addend), (int)X(h)[op->Rs2], expected) == expected;
        h->ReservationAddress = NoReservation;
        X(h)[op->Rd] = stored ? 0UL : 1UL;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void LrD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->ReadTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        ulong value = (ulong)Volatile.Read(ref *(long*)(address + entry->Addend));
        h->ReservationAddress = address + entry->Addend;
        h->ReservationValue = value;
        X(h)[op->Rd] = value;
        op[1].Handler(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void LrDRelease(HartState* h, Op* op)
    {
        Interlocked.MemoryBarrier();
        LrD(h, op);
    }

    [MethodImpl(Threaded)]
    public static void ScD(HartState* h, Op* op)
    {
        ulong address = X(h)[op->Rs1];
        TlbEntry* entry = h->DataTlb + ((address >> 12) & TlbEntry.IndexMask);
        if ((address & (TlbEntry.PageMask | 7)) != entry->WriteTag)
        {
            h->Cold.Atomic(h, op);
            return;
        }

        long expected = (long)h->ReservationValue;
        bool stored = h->ReservationAddress == address + entry->Addend
            && Interlocked.CompareExchange(ref *(long*)(address + entry->Addend), (long)X(h)[op->Rs2], expected) == expected;
        h->ReservationAddress = NoReservation;
        X(h)[op->Rd] = stored ? 0UL : 1UL;
        op[1].Handler(h, op + 1);
    }
}
