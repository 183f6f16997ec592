using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Tests.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.State;

public sealed class DirtyLogTests
{
    private const ulong Data = TestHart.Ram + 0x20_0000;
    private const int FirstDataPage = 0x200;
    private const int Pages = 24;

    private enum Kind
    {
        Store,
        Atomic,
        Conditional,
        ZeroBlock,
        Load,
        DeviceCopy,
        DeviceTransfer,
        Take,
    }

    private static readonly Gen<(Kind Kind, int Offset, int Size)[]> Operations = Gen.Select(
        Gen.Int[0, (int)Kind.Take].Select(kind => (Kind)kind), Gen.Int[0, (Pages * 4096) - 3 * 4096], Gen.Int[0, 3]).Array[1, 60];

    [Fact]
    public void The_log_holds_the_pages_that_guest_and_devices_wrote_and_no_others() => Operations.Sample(
        operations =>
        {
            using TestHart hart = TestHart.InMachineMode();
            var written = new SortedSet<int>();
            hart.Memory.StartDirtyLog();
            foreach ((Kind kind, int offset, int size) in operations)
            {
                if (kind == Kind.Take) AssertTaken(hart.Memory, written);
                else foreach (int page in Do(hart, kind, (ulong)offset, size)) written.Add(page);
            }

            AssertTaken(hart.Memory, written);
        },
        iter: 300);

    [Fact]
    public void Updates_of_page_tables_by_the_hardware_are_logged()
    {
        using TestHart hart = TestHart.InMachineMode();
        var tables = new PageTables(hart);
        const ulong Virtual = 0x4000_0000;
        ulong entry = tables.Map(Virtual, Data, PageTables.V | PageTables.R | PageTables.W);
        hart.WriteCsr(Csr.Pmpaddr0, ulong.MaxValue >> 10);
        hart.WriteCsr(Csr.Pmpcfg0, 0x1f);
        hart.WriteCsr(Csr.Menvcfg, 1UL << 61);
        hart.WriteCsr(Csr.Satp, tables.Satp);
        // M-mode with the translation of S-mode.
        hart.WriteCsr(Csr.Mstatus, StatusBits.Mprv | 1UL << StatusBits.MppShift);
        hart.SetX(A0, Virtual);
        hart.Memory.StartDirtyLog();
        int code = Execute(hart, Ld(A1, A0, 0));
        AssertTaken(hart.Memory, Set(code, PageOf(entry)));
        code = Execute(hart, Ld(A1, A0, 0));
        AssertTaken(hart.Memory, Set(code));
        code = Execute(hart, Sd(A1, A0, 0));
        AssertTaken(hart.Memory, Set(code, PageOf(entry), FirstDataPage));
    }

    [Fact]
    public void A_cleared_machine_is_logged_whole()
    {
        using var memory = new GuestMemory(new GuestAddress(TestHart.Ram), 1 << 20);
        memory.StartDirtyLog();
        memory.Clear();
        Assert.Equal(256, memory.TakeDirtyLog().Count);
        Assert.Equal(0, memory.TakeDirtyLog().Count);
    }

    [Fact]
    public void A_log_that_was_not_started_cannot_be_taken()
    {
        using var memory = new GuestMemory(new GuestAddress(TestHart.Ram), 1 << 20);
        Assert.Throws<InvalidOperationException>(memory.TakeDirtyLog);
    }

    /// <summary>As a migration does: copies the pages of each log while guest and device write on.</summary>
    [Fact]
    public async Task No_write_of_a_running_guest_is_lost()
    {
        using var machine = new WritingHarts(harts: 2, Data, Pages);
        byte[] copy = new byte[machine.Memory.Size];
        machine.Memory.TryRead(machine.Memory.Start, copy);
        machine.Memory.StartDirtyLog();
        machine.Memory.TryRead(machine.Memory.Start, copy);
        Task running = machine.RunAsync();
        for (int i = 0; i < 300; i++) CopyDirty(machine.Memory, copy);
        await machine.StopAsync(running);
        CopyDirty(machine.Memory, copy);
        byte[] now = new byte[copy.Length];
        machine.Memory.TryRead(machine.Memory.Start, now);
        Assert.True(now.AsSpan().SequenceEqual(copy));
        Assert.True(machine.Rounds > 100);
    }

    private static void CopyDirty(GuestMemory memory, byte[] copy)
    {
        PageSet pages = memory.TakeDirtyLog();
        for (int page = 0; page < copy.Length / GuestMemory.PageSize; page++)
            if (pages.Contains(page))
                memory.TryRead(memory.Start.Add((ulong)page * GuestMemory.PageSize), copy.AsSpan(page * GuestMemory.PageSize, GuestMemory.PageSize));
    }

    private static IEnumerable<int> Do(TestHart hart, Kind kind, ulong offset, int size)
    {
        ulong aligned = offset & ~(ulong)((1 << size) - 1);
        ulong address = Data + (kind is Kind.Atomic or Kind.Conditional ? offset & ~7UL : kind == Kind.ZeroBlock ? offset & ~63UL : offset);
        hart.SetX(A0, address);
        hart.SetX(A1, aligned);
        int bytes = 1 << size;
        switch (kind)
        {
            case Kind.Store: return [Execute(hart, S((uint)size, 0x23, A1, A0, 0)), .. PagesOf(address, bytes)];
            case Kind.Atomic: return [Execute(hart, Amo(0, 3, A2, A0, A1)), .. PagesOf(address, 8)];
            case Kind.Conditional: return [Execute(hart, Amo(2, 3, A2, A0, 0), Amo(3, 3, A2, A0, A1)), .. PagesOf(address, 8)];
            case Kind.ZeroBlock: return [Execute(hart, I(2, 0x0f, 0, A0, 4)), .. PagesOf(address, 64)];
            case Kind.Load: return [Execute(hart, Ld(A2, A0, 0))];
            case Kind.DeviceCopy:
                hart.Write(address, new byte[size * 2000]);
                return PagesOf(address, size * 2000);
            default:
                Assert.True(hart.Memory.TryGetBuffer(new GuestAddress(address), bytes, out Memory<byte> buffer));
                buffer.Span.Fill(1);
                hart.Memory.MarkWritten(new GuestAddress(address), (ulong)bytes);
                return PagesOf(address, bytes);
        }
    }

    /// <summary>Runs code at the start of RAM.</summary>
    /// <returns>The page of the code, which was written for it.</returns>
    private static int Execute(TestHart hart, params ReadOnlySpan<uint> code)
    {
        hart.Pc = TestHart.Ram;
        hart.Execute(code);
        return 0;
    }

    private static SortedSet<int> Set(params ReadOnlySpan<int> pages) => [.. pages];

    private static IEnumerable<int> PagesOf(ulong address, int length) =>
        length == 0 ? [] : Enumerable.Range(PageOf(address), PageOf(address + (ulong)length - 1) - PageOf(address) + 1);

    private static int PageOf(ulong address) => (int)((address - TestHart.Ram) >> 12);

    private static void AssertTaken(GuestMemory memory, SortedSet<int> expected)
    {
        PageSet taken = memory.TakeDirtyLog();
        Assert.Equal(expected, Enumerable.Range(0, (int)(memory.Size >> 12)).Where(taken.Contains));
        Assert.Equal(expected.Count, taken.Count);
        expected.Clear();
    }
}
