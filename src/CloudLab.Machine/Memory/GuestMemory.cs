using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace CloudLab.Machine.Memory;

/// <summary>
/// The RAM of one machine: one private, demand-zero mapping and one flag byte per 4 KiB page.
/// </summary>
/// <remarks>
/// Every writer other than a hart's own fast path goes through <see cref="TryWrite"/> or, around an asynchronous
/// transfer, <see cref="TryGetBuffer"/> and <see cref="MarkWritten"/>: that is what keeps decoded code and the dirty
/// log right. Ranges come from the guest and are hostile: every method checks them and answers false, never throws.
/// All methods may be called from any thread. Concurrent access to the same bytes by guest and device is a race of
/// the guest's own making and yields arbitrary bytes, nothing worse.
/// </remarks>
public sealed unsafe partial class GuestMemory : IDisposable
{
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = 1 << PageShift;

    internal const int PageShift = 12;

    // A window begins at each GiB and is nearly two long, so that any buffer of up to a GiB is a slice of one.
    private const int WindowShift = 30;

    private readonly HostMapping _ram;
    private readonly HostMapping _flags;
    private readonly GuestBuffer[] _windows;
    private volatile IMemoryObserver[] _observers = [];

    /// <summary>Maps <paramref name="size"/> bytes (a multiple of the page size) at <paramref name="start"/>.</summary>
    public GuestMemory(GuestAddress start, ulong size)
        : this(start, size, account: null)
    {
    }

    /// <param name="start">The guest-physical address of the first byte.</param>
    /// <param name="size">Bytes, a multiple of the page size.</param>
    /// <param name="account">What is charged before the first write to a page; null when all of it is admitted already.</param>
    internal GuestMemory(GuestAddress start, ulong size, MemoryAccount? account)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(size % PageSize, 0UL);
        ArgumentOutOfRangeException.ThrowIfZero(size);
        Start = start;
        Size = size;
        _account = account;
        // The host would make a huge page of one that is written, and hand out more than was charged.
        _ram = HostMapping.Anonymous(size, inSmallPages: account is not null);
        _flags = HostMapping.Anonymous(size >> PageShift);
        _windows = new GuestBuffer[(size - 1 >> WindowShift) + 1];
        for (int i = 0; i < _windows.Length; i++)
        {
            ulong offset = (ulong)i << WindowShift;
            // SAFETY: the window lies within the mapping.
            _windows[i] = new GuestBuffer(Host + offset, (int)Math.Min(size - offset, int.MaxValue));
        }
    }

    /// <summary>The guest-physical address of the first byte of RAM.</summary>
    public GuestAddress Start { get; }

    /// <summary>The size of RAM in bytes.</summary>
    public ulong Size { get; }

    /// <summary>The first byte of RAM in the host's address space.</summary>
    internal byte* Host => _ram.Pointer;

    /// <summary>The flag byte of each page, see <see cref="PageFlags"/>.</summary>
    internal byte* Flags => _flags.Pointer;

    internal void AddObserver(IMemoryObserver observer) => _observers = [.. _observers, observer];

    /// <summary>Whether all of [address, address + length) is RAM.</summary>
    public bool Contains(GuestAddress address, ulong length)
    {
        ulong offset = unchecked(address.Value - Start.Value);
        return offset <= Size && length <= Size - offset;
    }

    /// <summary>Copies from RAM; false, and <paramref name="destination"/> untouched, when the range is not all RAM.</summary>
    public bool TryRead(GuestAddress address, Span<byte> destination)
    {
        if (!Contains(address, (ulong)destination.Length)) return false;
        // SAFETY: the range was checked against the mapping, which lives as long as this object.
        new ReadOnlySpan<byte>(Host + (address.Value - Start.Value), destination.Length).CopyTo(destination);
        return true;
    }

    /// <summary>Copies into RAM; false, and nothing written, when the range is not all RAM, or the host has no memory for it.</summary>
    public bool TryWrite(GuestAddress address, ReadOnlySpan<byte> source)
    {
        if (!Contains(address, (ulong)source.Length) || !TryCharge(address, (ulong)source.Length)) return false;
        // SAFETY: as in TryRead.
        source.CopyTo(new Span<byte>(Host + (address.Value - Start.Value), source.Length));
        MarkWritten(address, (ulong)source.Length);
        return true;
    }

    /// <summary>
    /// The range itself, for a transfer without a copy. The caller keeps the machine alive until the transfer has
    /// ended (devices are drained before their machine is disposed); before writing it makes sure by
    /// <see cref="TryCharge(GuestAddress, ulong)"/> that the host has the memory, and after it calls
    /// <see cref="MarkWritten"/>. At most 1 GiB.
    /// </summary>
    public bool TryGetBuffer(GuestAddress address, int length, out Memory<byte> buffer)
    {
        buffer = default;
        if (length is < 0 or > 1 << WindowShift || !Contains(address, (ulong)length)) return false;
        if (length == 0) return true;
        ulong offset = address.Value - Start.Value;
        buffer = _windows[offset >> WindowShift].Memory.Slice((int)(offset & ((1 << WindowShift) - 1)), length);
        return true;
    }

    /// <summary>Records that a device wrote the range: drops decoded code and marks the pages dirty.</summary>
    public void MarkWritten(GuestAddress address, ulong length)
    {
        if (length == 0 || !Contains(address, length)) return;
        // What was written is visible before the flags are read: a hart that marks a page as code after this sees it.
        Interlocked.MemoryBarrier();
        ulong first = (address.Value - Start.Value) >> PageShift;
        ulong last = (address.Value - Start.Value + length - 1) >> PageShift;
        for (ulong page = first; page <= last; page++) MarkPageWritten((int)page);
    }

    /// <summary>As <see cref="MarkWritten"/>, for one page by its index from the start of RAM.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void MarkPageWritten(int page)
    {
        // SAFETY: the callers hold a page index inside RAM.
        if ((SetFlag(page, PageFlags.Dirty) & PageFlags.Code) == 0) return;
        ClearFlag(page, PageFlags.Code);
        foreach (IMemoryObserver observer in _observers) observer.CodePageWritten(page);
    }

    /// <summary>Sets a flag atomically.</summary>
    /// <returns>The page's flags before.</returns>
    internal PageFlags SetFlag(int page, PageFlags flag)
    {
        ref byte flags = ref Flags[page];
        byte before = Volatile.Read(ref flags);
        while ((before & (byte)flag) == 0)
        {
            byte seen = Interlocked.CompareExchange(ref flags, (byte)(before | (byte)flag), before);
            if (seen == before) break;
            before = seen;
        }

        return (PageFlags)before;
    }

    private void ClearFlag(int page, PageFlags flag)
    {
        ref byte flags = ref Flags[page];
        byte before = Volatile.Read(ref flags);
        byte seen;
        while ((seen = Interlocked.CompareExchange(ref flags, (byte)(before & ~(byte)flag), before)) != before) before = seen;
    }

    /// <summary>Returns every page to zero and forgets all flags. No hart may be running.</summary>
    public void Clear()
    {
        _ram.Zero();
        ForgetAll();
        _account?.Return(withKept: false);
    }

    /// <summary>
    /// Replaces all of RAM by private, copy-on-write pages of <paramref name="file"/>, which is at least as long, and is
    /// not changed while it is mapped; the handle may be closed. No hart may be running.
    /// </summary>
    internal void MapFile(SafeFileHandle file)
    {
        _ram.MapPrivate(file);
        ForgetAll();
        _account?.Return(withKept: false);
    }

    /// <summary>After a change of all RAM while no hart runs: drops all code and flags, and logs every page.</summary>
    private void ForgetAll()
    {
        for (int page = 0; page < (int)(Size >> PageShift); page++)
            if ((Flags[page] & (byte)PageFlags.Code) != 0) MarkPageWritten(page);
        _flags.Zero();
        // SAFETY: there is a flag byte for each page.
        if (_isLogging) new Span<byte>(Flags, (int)(Size >> PageShift)).Fill((byte)PageFlags.Dirty);
    }

    /// <summary>Maps <paramref name="file"/> privately (copy-on-write) over the start of the range at <paramref name="address"/>.</summary>
    /// <returns>False when the range is not page-aligned or not all RAM.</returns>
    internal bool TryMapFile(GuestAddress address, ImagePages file)
    {
        if (address.Value % PageSize != 0 || !Contains(address, file.MappedLength)) return false;
        _ram.MapPrivate(address.Value - Start.Value, file);
        MarkWritten(address, file.MappedLength);
        return true;
    }

    /// <summary>Unmaps the RAM. Every hart and device has stopped using it.</summary>
    public void Dispose()
    {
        _ram.Dispose();
        _flags.Dispose();
        _account?.Return(withKept: true);
    }
}
