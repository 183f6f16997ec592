using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using Xunit;

namespace CloudLab.Machine.Tests.Devices;

/// <summary>Commands whose answer would be written to memory which the host does not have.</summary>
public sealed unsafe class HtifStarvationTests
{
    private const ulong Size = 8 << 20;
    private const ulong Start = 0x8000_0000;
    private const ulong Chunk = MemoryBudget.ChunkSize;

    [Theory]
    [InlineData("end")]
    [InlineData("character")]
    [InlineData("call")]
    public void A_command_without_host_memory_stays_in_tohost_and_is_done_once_when_there_is_some(string kind)
    {
        GuestAddress toHost = new(Start + (4 * Chunk)), fromHost = new(Start + (5 * Chunk));
        const ulong CallAt = Start + (6 * Chunk);
        ulong command = kind switch
        {
            "end" => 7UL << 1 | 1,
            "character" => 1UL << 56 | 1UL << 48 | 'x',
            _ => CallAt,
        };
        var budget = new MemoryBudget(4 * Chunk);
        var account = new MemoryAccount(budget, Size);
        using var memory = new GuestMemory(new GuestAddress(Start), Size, account);
        var power = new Power();
        string said = "";
        var htif = new Htif(memory, toHost, fromHost, bytes => said += System.Text.Encoding.ASCII.GetString(bytes), power);
        // As an image holds it: there without having been charged.
        Word(memory, toHost.Value) = command;
        Word(memory, CallAt) = 1234;
        var other = new MemoryAccount(budget, Size);
        Assert.True(other.TryCharge(0, 4 * Chunk));

        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(WatchedStore.Served, htif.Serve());
            htif.Resume();
            Assert.Equal((command, 0UL), (Word(memory, toHost.Value), Word(memory, fromHost.Value)));
        }

        Assert.True(account.IsWaiting);
        other.Return(withKept: true);
        htif.Resume();
        htif.Resume();
        Assert.Equal(0UL, Word(memory, toHost.Value));
        Assert.Equal(kind == "end" ? [7] : [], power.Codes);
        Assert.Equal(kind == "character" ? "x" : "", said);
        // No such call: -38 is its result, and the answer says that it is there.
        Assert.Equal(kind == "call" ? (1UL, unchecked((ulong)-38)) : (0UL, 0UL), (Word(memory, fromHost.Value), Result()));

        ulong Result() => kind == "call" ? Word(memory, CallAt) : 0;
    }

    private static ref ulong Word(GuestMemory memory, ulong address) => ref *(ulong*)(memory.Host + (address - memory.Start.Value));

    private sealed class Power : IPowerControl
    {
        public List<int> Codes { get; } = [];

        public void PowerOff() => Codes.Add(0);

        public void Reset() => Codes.Add(-1);

        public void Fail(int code) => Codes.Add(code);
    }
}
