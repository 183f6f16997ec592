using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// What others ask of a hart: to drop code, to withdraw write permission, to flush translations. Requests are queued,
/// the hart is called out of guest code at its next block, and serves them before it goes on.
/// </summary>
internal sealed unsafe partial class Hart
{
    // More than a running hart ever finds: a stopped or idle one serves nothing while others go on asking.
    private const int MostRequests = 1024;

    private readonly Lock _requestLock = new();
    private List<HartRequest> _requests = [];
    private List<HartRequest> _serving = [];
    private bool _isOverflown;
    private long _requested;
    private long _served;
    private long _lastWithdrawal;
    private int _inGuest;
    private int _isClaiming;

    /// <summary>All harts of the machine, this one included; set once when the machine is built.</summary>
    public Hart[] Peers { get; set; } = [];

    /// <summary>How many requests wait to be served.</summary>
    public int PendingRequests
    {
        get
        {
            lock (_requestLock) return _requests.Count;
        }
    }

    void IMemoryObserver.CodePageWritten(int page) => Request(new HartRequest(HartRequestKind.DropCode, (ulong)page, 0));

    long IMemoryObserver.WithdrawWrites() => Request(new HartRequest(HartRequestKind.WithdrawAllWrites, 0, 0));

    bool IMemoryObserver.HasWithdrawn(long request) => HasServed(request);

    /// <summary>Queues a request. Any thread.</summary>
    /// <returns>The request's number, for <see cref="HasServed"/>.</returns>
    public long Request(HartRequest request)
    {
        long number;
        lock (_requestLock)
        {
            if (_requests.Count < MostRequests) _requests.Add(request);
            else _isOverflown = true;
            number = ++_requested;
            if (request.Kind == HartRequestKind.WithdrawWrite) Volatile.Write(ref _lastWithdrawal, number);
        }

        CallOut();
        return number;
    }

    /// <summary>Whether the hart can no longer act on what a request took away: it served it, or will before it runs again.</summary>
    public bool HasServed(long request)
    {
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _served) >= request || Volatile.Read(ref _inGuest) == 0;
    }

    /// <summary>Makes the hart leave guest code at its next block. Any thread.</summary>
    public void CallOut() => Volatile.Write(ref State->Attention, long.MinValue);

    /// <summary>Before guest code runs; requests made later are seen by <see cref="ServeRequests"/> or call the hart out.</summary>
    public void EnterGuest() => Interlocked.Exchange(ref _inGuest, 1);

    /// <summary>After guest code ran.</summary>
    public void LeaveGuest()
    {
        // Whoever sees the hart outside may take it that what it wrote to pages of code is known.
        if (IsWithdrawalPending) ServeRequests();
        Volatile.Write(ref _inGuest, 0);
    }

    /// <summary>Serves all that was asked. The hart's own thread, between blocks.</summary>
    public void ServeRequests()
    {
        if (Volatile.Read(ref State->Attention) == 0 && Volatile.Read(ref _requested) == _served) return;
        Interlocked.Exchange(ref State->Attention, 0);
        bool isOverflown;
        long last;
        lock (_requestLock)
        {
            (_requests, _serving) = (_serving, _requests);
            isOverflown = _isOverflown;
            _isOverflown = false;
            last = _requested;
        }

        if (isOverflown) ServeAnything();
        else foreach (HartRequest request in _serving) Serve(request);
        _serving.Clear();
        Volatile.Write(ref _served, last);
    }

    /// <summary>
    /// Marks a page as holding decoded code before it is decoded, and withdraws every hart's permission to write to it
    /// unseen.
    /// </summary>
    public void ClaimCodePage(int page)
    {
        Volatile.Write(ref _isClaiming, 1);
        if ((Memory.SetFlag(page, PageFlags.Code) & PageFlags.Code) == 0)
        {
            Mmu.WithdrawWrite(page);
            foreach (Hart peer in Peers)
                if (peer != this)
                    peer.Request(new HartRequest(HartRequestKind.WithdrawWrite, (ulong)page, 0));
        }

        Volatile.Write(ref _isClaiming, 0);
    }

    /// <summary>
    /// Whether this hart may hold permission to write to a page that another one took for code since. Its own thread.
    /// </summary>
    public bool IsWithdrawalPending
    {
        get
        {
            // A claim not seen here is of a hart that sees all that this one has written. One under way has marked its page but
            // perhaps not asked: a third hart may have found the mark, and decoded before this one wrote.
            AwaitClaims();
            return Volatile.Read(ref _lastWithdrawal) > _served;
        }
    }

    /// <summary>
    /// Waits until no other hart can write unseen to a page of code, and what was so written is known: what a code fence
    /// needs before it drops code. The hart's own thread, between blocks.
    /// </summary>
    public void AwaitWithdrawals()
    {
        AwaitClaims();
        var spinner = default(SpinWait);
        foreach (Hart peer in Peers)
        {
            if (peer == this) continue;
            long number = Volatile.Read(ref peer._lastWithdrawal);
            // Serving one's own requests meanwhile keeps two harts that fence from waiting for each other.
            while (Volatile.Read(ref peer._served) < number && !peer.HasServed(number))
            {
                ServeRequests();
                spinner.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    /// <summary>Waits until the claims under way have asked for what they withdraw. They wait for nobody.</summary>
    private void AwaitClaims()
    {
        Interlocked.MemoryBarrier();
        var spinner = default(SpinWait);
        foreach (Hart peer in Peers)
            while (peer != this && Volatile.Read(ref peer._isClaiming) != 0)
                spinner.SpinOnce(sleep1Threshold: -1);
    }

    /// <summary>Does all that any request may ask for, in place of those that were not kept.</summary>
    private void ServeAnything()
    {
        State->LinkSlot = null;
        Mmu.WithdrawAllWrites(asWritten: true);
        CountWatched(Memory.TellStore());
        Mmu.FlushAll();
        Code.Reset();
    }

    private void Serve(HartRequest request)
    {
        switch (request.Kind)
        {
            case HartRequestKind.DropCode:
                State->LinkSlot = null;
                Code.DropPage((int)request.First);
                break;
            case HartRequestKind.WithdrawWrite:
                // This hart may have written since the code was decoded: count it as written.
                if (Mmu.WithdrawWrite((int)request.First)) Memory.MarkPageWritten((int)request.First);
                break;
            case HartRequestKind.WithdrawAllWrites:
                // What was written by these permissions is in the log that is being taken.
                Mmu.WithdrawAllWrites(asWritten: IsWithdrawalPending);
                break;
            case HartRequestKind.RewatchPage:
                if (Mmu.WithdrawWrite((int)request.First)) Memory.MarkPageWritten((int)request.First);
                CountWatched(Memory.TellStore());
                break;
            case HartRequestKind.FlushTranslations:
                FlushRange(request.First, request.Length, request.Asid);
                break;
            case HartRequestKind.CodeFence:
                break;
        }
    }

    /// <summary>Flushes translations of a range of virtual addresses, of one ASID or all; all of them when the range is large.</summary>
    private void FlushRange(ulong start, ulong length, ushort? asid)
    {
        const ulong LargestByPage = 16 * GuestMemory.PageSize;
        if (length > LargestByPage || (start == 0 && length == 0))
        {
            if (asid is { } space) Mmu.FlushAsid(space);
            else Mmu.FlushTranslations();
            return;
        }

        ulong lead = start % GuestMemory.PageSize;
        for (ulong offset = 0; offset < lead + length; offset += GuestMemory.PageSize)
        {
            if (asid is { } space) Mmu.FlushAddress(start - lead + offset, space);
            else Mmu.FlushAddress(start - lead + offset);
        }
    }
}
