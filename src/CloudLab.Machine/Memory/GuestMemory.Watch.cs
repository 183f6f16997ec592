namespace CloudLab.Machine.Memory;

/// <summary>The watched word: one place in RAM of which somebody wants to know each store by a hart (HTIF's <c>tohost</c>).</summary>
/// <remarks>
/// No hart holds a permission to write to its page unseen, so every store there misses the TLB and tells. An atomic
/// cannot do without the permission: it gets it for the rest of its block, and the word is looked at after that.
/// Stores elsewhere cost nothing more; those of devices are not told.
/// </remarks>
public sealed unsafe partial class GuestMemory
{
    private Func<WatchedStore>? _stored;
    private ulong _watched;
    private int _watchedPage = -1;

    /// <summary>Begins to watch, before any hart has run.</summary>
    /// <param name="address">The word's, in RAM and aligned to 8 bytes.</param>
    /// <param name="stored">Called on the storing hart's thread, after the store.</param>
    internal void Watch(GuestAddress address, Func<WatchedStore> stored)
    {
        _watched = address.Value;
        _watchedPage = (int)((address.Value - Start.Value) >> PageShift);
        _stored = stored;
    }

    /// <summary>Whether stores to the page are to be told.</summary>
    internal bool IsWatched(int page) => page == _watchedPage;

    /// <summary>A hart has stored to the watched page.</summary>
    internal WatchedStore TellStore(GuestAddress address, int size)
    {
        // The page was marked before the store, which a permission to write would have covered.
        MarkWritten(address, (ulong)size);
        bool isHit = address.Value < _watched + sizeof(ulong) && _watched < address.Value + (ulong)size;
        return isHit ? TellStore() : WatchedStore.Ignored;
    }

    /// <summary>A hart may have stored to the watched word.</summary>
    internal WatchedStore TellStore() => _stored?.Invoke() ?? WatchedStore.Ignored;
}
