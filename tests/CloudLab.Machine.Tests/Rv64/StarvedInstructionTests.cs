using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Instructions that write to memory which the host does not have: they do nothing, and then all.</summary>
public sealed class StarvedInstructionTests
{
    private const ulong Chunk = MemoryBudget.ChunkSize;
    private const ulong Size = 8 << 20;
    private const ulong Far = TestHart.Ram + (2 * Chunk);

    [Theory]
    [InlineData("store")]
    [InlineData("store across the edge of two chunks")]
    [InlineData("atomic")]
    [InlineData("store conditional")]
    [InlineData("zeroing")]
    public void An_instruction_without_host_memory_is_executed_whole_when_there_is_some(string kind)
    {
        (uint instruction, ulong address) = kind switch
        {
            "store" => (Sd(T1, T0, 0), Far),
            "store across the edge of two chunks" => (Sd(T1, T0, 0), Far + Chunk - 4),
            "atomic" => (Amo(0, 3, T2, T0, T1), Far),
            "store conditional" => (Amo(3, 3, T2, T0, T1), Far),
            _ => (I(2, 0x0f, Zero, T0, 4), Far),
        };
        var budget = new MemoryBudget(3 * Chunk);
        var account = new MemoryAccount(budget, Size);
        using var hart = new TestHart(Size, account);
        hart.StartMachine();
        hart.Write(TestHart.Ram, Bytes(instruction, Jump(0)));
        hart.SetX(T0, address);
        hart.SetX(T1, ulong.MaxValue);
        hart.SetX(T2, 42);
        var other = new MemoryAccount(budget, Size);
        Assert.True(other.TryCharge(0, 2 * Chunk));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(VcpuExit.Kicked, hart.Run());
            Assert.Equal((TestHart.Ram, 0UL, 42UL), (hart.Pc, hart.Vcpu.Instructions, hart.X(T2)));
            Assert.Equal(0UL, hart.Read64(address));
        }

        Assert.True(account.IsWaiting);
        other.Return(withKept: true);
        Assert.False(account.IsWaiting);
        Assert.Equal(VcpuExit.Budget, hart.Run());
        Assert.Equal(TestHart.Ram + 4, hart.Pc);
        // A conditional store without a reservation fails, and then does not write.
        Assert.Equal(kind is "zeroing" or "store conditional" ? 0 : ulong.MaxValue, hart.Read64(address));
        Assert.Empty(Traps(hart));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public unsafe void A_page_table_without_host_memory_gets_its_accessed_and_dirty_bits_when_there_is_some(bool isStore)
    {
        const ulong Root = TestHart.Ram + (32 * Chunk);
        var budget = new MemoryBudget(4 * Chunk);
        var account = new MemoryAccount(budget, Size);
        using var hart = new TestHart(Size, account);
        hart.StartMachine();
        hart.Write(TestHart.Ram, Bytes(isStore ? Sd(T1, T0, 0) : Ld(T1, T0, 0), Jump(0)));
        // One gigapage that maps RAM to itself, as an image may hold it: there without having been charged.
        ref ulong entry = ref *(ulong*)(hart.Memory.Host + (Root - TestHart.Ram) + (2 * sizeof(ulong)));
        const ulong Untouched = TestHart.Ram >> 12 << 10 | PageTables.V | PageTables.R | PageTables.W;
        entry = Untouched;
        hart.WriteCsr(Csr.Menvcfg, 1UL << 61);
        hart.WriteCsr(Csr.Satp, 8UL << 60 | Root >> 12);
        // Loads and stores of M-mode are S-mode's.
        hart.WriteCsr(Csr.Mstatus, 1UL << 17 | 1UL << 11);
        hart.SetX(T0, TestHart.Ram + 0x800);
        hart.SetX(T1, 42);
        var other = new MemoryAccount(budget, Size);
        Assert.True(other.TryCharge(0, (4 * Chunk) - account.Charged));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(VcpuExit.Kicked, hart.Run());
            Assert.Equal((TestHart.Ram, 0UL, Untouched), (hart.Pc, hart.Vcpu.Instructions, entry));
        }

        Assert.True(account.IsWaiting);
        other.Return(withKept: true);
        Assert.Equal(VcpuExit.Budget, hart.Run());
        Assert.Equal(TestHart.Ram + 4, hart.Pc);
        Assert.Equal(Untouched | PageTables.A | (isStore ? PageTables.D : 0), entry);
        Assert.Equal(isStore ? 42UL : 0, hart.Read64(TestHart.Ram + 0x800));
        Assert.Empty(Traps(hart));
    }

    private static Dictionary<string, ulong> Traps(TestHart hart)
    {
        var traps = new Dictionary<string, ulong>();
        hart.Vcpu.ReadCounters(new Dictionary<string, ulong>(), traps);
        return traps.Where(trap => trap.Value != 0).ToDictionary();
    }
}
