using CloudLab.Machine.Memory;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Memory;

public sealed class MemoryBudgetTests
{
    private const ulong Chunk = MemoryBudget.ChunkSize;
    private const ulong Size = 64 * Chunk;

    private static readonly GuestAddress Start = new(0x8000_0000);

    [Fact]
    public void Reads_are_free_and_the_first_write_to_a_chunk_is_charged_once()
    {
        var budget = new MemoryBudget(10 * Chunk);
        using var memory = new GuestMemory(Start, Size, new MemoryAccount(budget, Size));
        Assert.True(memory.TryRead(Start, new byte[4096]));
        Assert.Equal(0UL, budget.Used);
        Assert.True(memory.TryWrite(Start.Add(Chunk - 1), [1, 2]));
        Assert.Equal(2 * Chunk, budget.Used);
        Assert.True(memory.TryWrite(Start, [1]));
        Assert.True(memory.TryCharge(3));
        Assert.Equal(2 * Chunk, budget.Used);
        memory.Clear();
        Assert.Equal(0UL, budget.Used);
    }

    [Fact]
    public void A_write_without_room_leaves_ram_as_it_was_and_outside_RAM_costs_nothing()
    {
        var budget = new MemoryBudget(2 * Chunk - 1);
        var account = new MemoryAccount(budget, Size);
        using var memory = new GuestMemory(Start, Size, account);
        Assert.True(memory.TryWrite(Start, [1]));
        Assert.False(memory.TryWrite(Start.Add(Chunk), [1]));
        Assert.True(account.IsWaiting);
        byte[] read = new byte[1];
        Assert.True(memory.TryRead(Start.Add(Chunk), read));
        Assert.Equal(0, read[0]);
        Assert.True(memory.TryCharge(Start.Add(Size), 1));
        Assert.True(memory.TryCharge(new GuestAddress(ulong.MaxValue), ulong.MaxValue));
        Assert.Equal(Chunk, budget.Used);
    }

    [Fact]
    public void Who_waits_longest_is_granted_first_and_nobody_overtakes()
    {
        var budget = new MemoryBudget(2 * Chunk);
        var told = new List<int>();
        MemoryAccount[] accounts = [.. Enumerable.Range(0, 4).Select(i => new MemoryAccount(budget, Size) { Changed = () => told.Add(i) })];
        Assert.True(accounts[0].TryCharge(0, 2 * Chunk));
        foreach (int i in new[] { 2, 1, 3 }) Assert.False(accounts[i].TryCharge(0, 1));
        // A further refusal of one that waits is no news.
        Assert.False(accounts[2].TryCharge(Chunk, 1));
        Assert.Equal([2, 1, 3], told);
        told.Clear();
        accounts[0].Return(withKept: false);
        Assert.Equal([2, 1], told);
        Assert.Equal([false, false, true], accounts[1..].Select(account => account.IsWaiting));
        Assert.True(accounts[1].IsCharged(0) && accounts[2].IsCharged(0) && !accounts[3].IsCharged(0));
        accounts[3].StopWaiting();
        told.Clear();
        accounts[1].Return(withKept: true);
        Assert.Empty(told);
        Assert.Equal(Chunk, budget.Used);
    }

    [Fact]
    public void What_loading_writes_is_charged_all_or_nothing_and_kept_through_resets()
    {
        var budget = new MemoryBudget(4 * Chunk);
        var account = new MemoryAccount(budget, Size);
        Assert.False(account.TryKeep([(0, 5 * Chunk)]));
        Assert.False(account.IsWaiting);
        Assert.Equal(0UL, budget.Used);
        Assert.True(account.TryCharge(0, 1));
        Assert.True(account.TryKeep([(1, 1), (Chunk - 1, 2), (8 * Chunk, 1), (9 * Chunk, 0)]));
        Assert.Equal(3 * Chunk, budget.Used);
        Assert.True(account.TryCharge(20 * Chunk, 1));
        account.Return(withKept: false);
        Assert.Equal(3 * Chunk, budget.Used);
        account.Return(withKept: true);
        Assert.Equal(0UL, budget.Used);
    }

    [Fact]
    public void Charges_are_the_chunks_handed_out_and_never_more_than_the_budget_however_many_touch_at_once()
    {
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 4], Gen.Int[1, 3], Gen.UInt).Sample(
            (chunks, machines, threads, seed) =>
            {
                var budget = new MemoryBudget((ulong)chunks * Chunk);
                MemoryAccount[] accounts = [.. Enumerable.Range(0, machines).Select(_ => new MemoryAccount(budget, Size))];
                GuestMemory[] memories = [.. accounts.Select(account => new GuestMemory(Start, Size, account))];
                Parallel.For(0, machines * threads, thread =>
                {
                    GuestMemory memory = memories[thread % machines];
                    var random = new Random((int)seed ^ thread);
                    for (int i = 0; i < 100; i++)
                    {
                        ulong at = (ulong)random.NextInt64((long)Size - 4096);
                        if (random.Next(2) == 0) memory.TryCharge((int)(at >> GuestMemory.PageShift));
                        else memory.TryWrite(Start.Add(at), new byte[random.Next(4096)]);
                        Assert.True(budget.Used <= budget.Limit);
                    }
                });
                Assert.Equal(budget.Used, accounts.Aggregate(0UL, (sum, account) => sum + account.Charged));
                for (int i = 0; i < machines; i++) AssertOnlyChargedIsWritten(memories[i], accounts[i]);
                // One after the other ends; those that wait are served from what it had, and no more.
                for (int i = 0; i < machines; i++)
                {
                    memories[i].Dispose();
                    Assert.Equal(0UL, accounts[i].Charged);
                    Assert.Equal(budget.Used, accounts.Aggregate(0UL, (sum, account) => sum + account.Charged));
                    Assert.True(budget.Used <= budget.Limit);
                    Assert.True(budget.Limit - budget.Used < Chunk || !Array.Exists(accounts, account => account.IsWaiting));
                }

                Assert.Equal(0UL, budget.Used);
            },
            iter: 200,
            threads: 1);
    }

    private static void AssertOnlyChargedIsWritten(GuestMemory memory, MemoryAccount account)
    {
        for (int page = 0; page < (int)(Size >> GuestMemory.PageShift); page++)
        {
            if (account.IsCharged(page >> MemoryBudget.ChunkShift - GuestMemory.PageShift)) continue;
            Assert.Equal(PageFlags.None, memory.SetFlag(page, PageFlags.None));
        }
    }
}
