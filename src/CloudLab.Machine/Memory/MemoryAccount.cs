using System.Runtime.InteropServices;

namespace CloudLab.Machine.Memory;

/// <summary>What one machine's RAM is charged of a <see cref="MemoryBudget"/>: a chunk before the first write to it.</summary>
/// <remarks>
/// Reads are free: an untouched page reads as the host's one page of zeroes, or as the shared page of an image. A charge
/// is taken back only while the machine does not run, so who sees it without the budget's lock can rely on it.
/// </remarks>
internal sealed class MemoryAccount(MemoryBudget budget, ulong ramSize)
{
    private readonly ChunkCharge[] _chunks = new ChunkCharge[(ramSize + MemoryBudget.ChunkSize - 1) >> MemoryBudget.ChunkShift];

    /// <summary>
    /// Called when the account has begun to wait, and when it has got what it waited for: the machine asks
    /// <see cref="IsWaiting"/>. On any thread, perhaps under a device's lock: it only passes the word on.
    /// </summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>The budget's: the chunk that was refused and is waited for. Under the budget's lock.</summary>
    public int? Wanted { get; set; }

    /// <summary>Whether a write was refused, and the chunk is still waited for.</summary>
    public bool IsWaiting => budget.IsWaiting(this);

    /// <summary>Bytes that all machines together may take.</summary>
    public ulong Limit => budget.Limit;

    /// <summary>Bytes charged. Exact while the machine does not run.</summary>
    public ulong Charged => (ulong)_chunks.Count(charge => charge != ChunkCharge.None) * MemoryBudget.ChunkSize;

    public bool IsCharged(int chunk) => _chunks[chunk] != ChunkCharge.None;

    /// <summary>Charges a range of RAM, given by offsets from its start, before a write to it.</summary>
    /// <returns>False when there is no room for all of it: nothing may be written; the account waits, and what was charged stays so.</returns>
    public bool TryCharge(ulong offset, ulong length)
    {
        if (length == 0) return true;
        int chunk = (int)(offset >> MemoryBudget.ChunkShift);
        int end = (int)(offset + length - 1 >> MemoryBudget.ChunkShift) + 1;
        // A hostile driver names all of RAM again and again: what is charged already is passed over by vectors.
        ReadOnlySpan<byte> charges = MemoryMarshal.AsBytes(_chunks.AsSpan());
        while (true)
        {
            int skipped = charges[chunk..end].IndexOf((byte)ChunkCharge.None);
            if (skipped < 0) return true;
            chunk += skipped;
            if (!budget.TryCharge(this, chunk)) return false;
        }
    }

    /// <summary>Charges the chunks of ranges for as long as the account lives: what loading writes is had from then on.</summary>
    /// <returns>False, and nothing charged, when there is no room.</returns>
    public bool TryKeep(IEnumerable<(ulong Offset, ulong Length)> ranges)
    {
        var chunks = new HashSet<int>();
        foreach ((ulong offset, ulong length) in ranges)
            for (ulong at = offset & ~(MemoryBudget.ChunkSize - 1); at < offset + length; at += MemoryBudget.ChunkSize)
                chunks.Add((int)(at >> MemoryBudget.ChunkShift));
        return budget.TryKeep(this, chunks);
    }

    /// <summary>The pages were given back to the host, and the machine does not run.</summary>
    /// <param name="withKept">Whether it ends.</param>
    public void Return(bool withKept) => budget.Return(this, withKept);

    /// <summary>The machine will not go on.</summary>
    public void StopWaiting() => budget.StopWaiting(this);

    /// <summary>Under the budget's lock.</summary>
    internal void Set(int chunk, ChunkCharge charge) => _chunks[chunk] = charge;

    /// <summary>Under the budget's lock.</summary>
    /// <returns>How many chunks were given up.</returns>
    internal int Forget(bool withKept)
    {
        int count = 0;
        foreach (ref ChunkCharge charge in _chunks.AsSpan())
        {
            if (charge == ChunkCharge.None || (charge == ChunkCharge.Kept && !withKept)) continue;
            charge = ChunkCharge.None;
            count++;
        }

        return count;
    }
}
