using CloudLab.Machine.Rv64;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;
using Leaf = CloudLab.Machine.Tests.Rv64.AddressSpaceModel.Leaf;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>
/// A hart in S-mode with more address spaces than it remembers, some of them with the same ASID. Each access is compared
/// with what <see cref="AddressSpaceModel"/> permits.
/// </summary>
/// <remarks>
/// A space maps a 2 MiB region either by one large page or by <see cref="Pages"/> small ones, and itself to itself
/// below. Each frame of RAM begins with code that puts its number into a2, and holds the number at 0x400.
/// </remarks>
internal sealed class AddressSpaceGuest : IDisposable
{
    public const int Spaces = 12, Asids = 5, Pages = 4, Frames = 6;

    private const ulong Region = 0x1220_0000;
    private const ulong Tables = TestHart.Ram + 0x10_0000;
    private const ulong Megapage = 0x20_0000;
    private const ulong FirstFrame = TestHart.Ram + 0x40_0000;
    private const ulong Handler = TestHart.Ram + 0x1000;
    // On a page that takes the place of none of the region in a direct-mapped TLB.
    private const ulong Loading = TestHart.Code + 0x1_0000, Storing = Loading + 0x100, Fencing = Loading + 0x200;

    private readonly AddressSpaceModel _model = new();
    private int _space;
    private ulong _stored = 1000;
    private bool _hasUserAccess;

    public AddressSpaceGuest()
    {
        Hart.StartSupervisor();
        Hart.WriteCsr(Csr.Stvec, Handler);
        Hart.Write(Handler, Bytes(Jump(0)));
        Hart.Write(Loading, Bytes(Ld(A2, A0, 0x400), Jump(0)));
        Hart.Write(Storing, Bytes(Sd(A1, A0, 0x400), Jump(0)));
        for (uint form = 0; form < 4; form++)
            Hart.Write(Fencing + (form * 8), Bytes(SfenceVma((form & 1) * A0, form / 2 * A1), Jump(0)));
        for (int frame = 0; frame < Frames; frame++)
        {
            Hart.Write(Frame(frame), Bytes(Li(A2, frame), Jump(0)));
            Hart.Write64(Frame(frame) + 0x400, (ulong)frame);
        }

        for (int space = 0; space < Spaces; space++)
        {
            Hart.Write64(Root(space), Root(space) + 0x1000 >> 12 << 10 | PageTables.V);
            Hart.Write64(Root(space) + 16, TestHart.Ram >> 12 << 10 | PageTables.Kernel | PageTables.G);
            PointToPages(space);
        }

        Switch(0);
    }

    public TestHart Hart { get; } = new();

    public static ulong Address(int page) => Region + ((ulong)page << 12);

    public static ulong Satp(int space) => 8UL << 60 | (ulong)AsidOf(space) << 44 | Root(space) >> 12;

    /// <summary>Where the entry of a small page stands.</summary>
    public static ulong Place(int space, int page) => Root(space) + 0x2000 + ((ulong)page * 8);

    public void Switch(int space)
    {
        _space = space;
        Hart.WriteCsr(Csr.Satp, Satp(space));
        See();
    }

    /// <summary>Writes the entry of a small page in the space in force.</summary>
    public void Map(int page, int frame, ulong flags)
    {
        Hart.Write64(Place(_space, page), Frame(frame) >> 12 << 10 | flags);
        See();
    }

    /// <summary>Maps the region by one large page, which begins with the frames, or by small ones.</summary>
    public void MapLarge(bool isLarge, ulong flags)
    {
        if (isLarge) Hart.Write64(LargePlace(_space), FirstFrame >> 12 << 10 | flags);
        else PointToPages(_space);
        See();
    }

    /// <summary>SFENCE.VMA of a virtual address or all, and an ASID or all; the ASID's register has bits above it set.</summary>
    public void Fence(ulong? address, int? asid)
    {
        Hart.SetX(A0, address ?? 0);
        Hart.SetX(A1, (ulong)(asid ?? 0) | 0xabcd_0000);
        Run(Fencing + ((address is null ? 0UL : 8) + (asid is null ? 0UL : 16)));
        _model.Fence(address, asid);
        See();
    }

    /// <summary>Changes mstatus.SUM, which has tables of its own.</summary>
    public void ToggleUserAccess()
    {
        _hasUserAccess = !_hasUserAccess;
        if (_hasUserAccess) Hart.SetCsrBits(Csr.Mstatus, StatusBits.Sum);
        else Hart.ClearCsrBits(Csr.Mstatus, StatusBits.Sum);
    }

    /// <returns>Whether it did not fault.</returns>
    public bool Load(int page)
    {
        ulong?[] permitted = Permitted(page, PageTables.R);
        Hart.SetX(A0, Address(page));
        bool isDone = Run(Loading);
        if (isDone) Assert.Contains(Hart.X(A2), permitted.OfType<ulong>().Select(at => Hart.Read64(at + 0x400)));
        else Assert.Contains(null, permitted);
        return isDone;
    }

    public void Store(int page)
    {
        ulong?[] permitted = Permitted(page, PageTables.W);
        ulong[] before = [.. Enumerable.Range(0, Frames).Select(frame => Hart.Read64(Frame(frame) + 0x400))];
        Hart.SetX(A0, Address(page));
        Hart.SetX(A1, ++_stored);
        bool isDone = Run(Storing);
        int[] changed = [.. Enumerable.Range(0, Frames).Where(frame => Hart.Read64(Frame(frame) + 0x400) != before[frame])];
        Assert.Equal(isDone ? 1 : 0, changed.Length);
        if (isDone) Assert.Contains(Frame(changed[0]), permitted);
        else Assert.Contains(null, permitted);
    }

    /// <returns>The number of the frame whose code ran, -1 when the fetch faulted.</returns>
    public int Fetch(int page)
    {
        ulong?[] permitted = Permitted(page, PageTables.X);
        bool isDone = Run(Address(page));
        if (!isDone)
        {
            Assert.Contains(null, permitted);
            return -1;
        }

        Assert.Equal(Address(page) + 4, Hart.Pc);
        Assert.Contains(
            Hart.X(A2), permitted.OfType<ulong>().Select(at => (ulong)(BitConverter.ToInt32(Hart.Read(at, 4)) >> 20)));
        return (int)Hart.X(A2);
    }

    public void Dispose() => Hart.Dispose();

    private static int AsidOf(int space) => space % Asids;

    private static ulong Root(int space) => Tables + ((ulong)space * 0x3000);

    private static ulong Frame(int frame) => FirstFrame + ((ulong)frame << 12);

    private static ulong LargePlace(int space) => Root(space) + 0x1000 + ((Region / Megapage % 512) * 8);

    private void PointToPages(int space) => Hart.Write64(LargePlace(space), Root(space) + 0x2000 >> 12 << 10 | PageTables.V);

    /// <summary>Runs code that ends in a jump to itself. False when it faulted.</summary>
    private bool Run(ulong pc)
    {
        Hart.Pc = pc;
        Hart.Vcpu.Run(20);
        return Hart.Pc != Handler;
    }

    /// <summary>Where an access may go, null among them when it may fault.</summary>
    private ulong?[] Permitted(int page, ulong needed)
    {
        List<ulong?> permitted = [.. _model.Usable(Address(page), AsidOf(_space)).Select(leaf => leaf.Translate(Address(page), needed))];
        // What the tables say now may always be found.
        if (!InForce().Any(leaf => leaf.Holds(Address(page)))) permitted.Add(null);
        return [.. permitted];
    }

    private void See() => _model.See(InForce());

    private IEnumerable<Leaf> InForce()
    {
        ulong large = Hart.Read64(LargePlace(_space));
        bool isPointer = (large & (PageTables.R | PageTables.X)) == 0 && (large & PageTables.V) != 0;
        if (!isPointer)
        {
            if ((large & PageTables.V) != 0) yield return new Leaf(AsidOf(_space), Region, Megapage, large);
            yield break;
        }

        for (int page = 0; page < Pages; page++)
        {
            ulong entry = Hart.Read64(Place(_space, page));
            if ((entry & PageTables.V) != 0) yield return new Leaf(AsidOf(_space), Address(page), 4096, entry);
        }
    }
}
