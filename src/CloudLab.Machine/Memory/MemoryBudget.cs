namespace CloudLab.Machine.Memory;

/// <summary>The host memory that the RAM of all machines together may take, where more is promised than there is.</summary>
/// <remarks>
/// <code>
///   first write to a chunk ─▶ MemoryAccount ─▶ TryCharge ─┬─ room ──▶ charged: the write goes on
///                                                         └─ none ──▶ the account waits, its machine pauses
///   a machine is reset or ends ─▶ Return ─▶ the longest waiting get their chunk ─▶ their machines go on
/// </code>
/// Memory is counted in chunks of <see cref="ChunkSize"/>, so that a machine comes here once for 16 pages. An account
/// waits for one chunk at a time: while any waits there is less than a chunk left, so nobody overtakes it.
/// <para>
/// One lock guards the sum, the order of those that wait and the charges of all accounts; it is a leaf, held for
/// moments. Any thread.
/// </para>
/// </remarks>
internal sealed class MemoryBudget(ulong limit)
{
    public const int ChunkShift = 16;

    /// <summary>What is charged at once, in bytes.</summary>
    public const ulong ChunkSize = 1UL << ChunkShift;

    private readonly Lock _lock = new();
    private readonly List<MemoryAccount> _waiting = [];
    private ulong _used;

    /// <summary>Bytes that may be charged.</summary>
    public ulong Limit => limit;

    /// <summary>Bytes that are charged.</summary>
    public ulong Used
    {
        get
        {
            lock (_lock) return _used;
        }
    }

    /// <summary>Whether a refused account still waits for its chunk.</summary>
    public bool IsWaiting(MemoryAccount account)
    {
        lock (_lock) return account.Wanted is not null;
    }

    /// <summary>Charges a chunk, unless it is charged already. An account that is refused waits, and is told of both.</summary>
    public bool TryCharge(MemoryAccount account, int chunk)
    {
        lock (_lock)
        {
            if (account.IsCharged(chunk) || TryTake(account, chunk, ChunkCharge.Touched)) return true;
            if (account.Wanted is not null) return false;
            account.Wanted = chunk;
            _waiting.Add(account);
        }

        account.Changed();
        return false;
    }

    /// <summary>Charges chunks that stay charged while the account lives; all or none, and nobody waits.</summary>
    public bool TryKeep(MemoryAccount account, IReadOnlyCollection<int> chunks)
    {
        lock (_lock)
        {
            if ((ulong)chunks.Count(chunk => !account.IsCharged(chunk)) > (limit - _used) / ChunkSize) return false;
            foreach (int chunk in chunks)
            {
                if (account.IsCharged(chunk)) account.Set(chunk, ChunkCharge.Kept);
                else TryTake(account, chunk, ChunkCharge.Kept);
            }

            return true;
        }
    }

    /// <summary>Takes back what an account was charged, whose pages have been given back to the host. It waits no more.</summary>
    /// <param name="account">Whose machine does not run.</param>
    /// <param name="withKept">Whether also what <see cref="TryKeep"/> charged.</param>
    public void Return(MemoryAccount account, bool withKept)
    {
        List<MemoryAccount> granted = [];
        lock (_lock)
        {
            StopWaiting(account);
            _used -= (ulong)account.Forget(withKept) * ChunkSize;
            while (_waiting.Count > 0 && TryTake(_waiting[0], _waiting[0].Wanted!.Value, ChunkCharge.Touched))
            {
                granted.Add(_waiting[0]);
                StopWaiting(_waiting[0]);
            }
        }

        foreach (MemoryAccount next in granted) next.Changed();
    }

    /// <summary>The account needs nothing more.</summary>
    public void StopWaiting(MemoryAccount account)
    {
        lock (_lock)
        {
            if (account.Wanted is null) return;
            account.Wanted = null;
            _waiting.Remove(account);
        }
    }

    private bool TryTake(MemoryAccount account, int chunk, ChunkCharge charge)
    {
        if (limit - _used < ChunkSize) return false;
        _used += ChunkSize;
        account.Set(chunk, charge);
        return true;
    }
}
