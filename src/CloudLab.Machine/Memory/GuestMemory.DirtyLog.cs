namespace CloudLab.Machine.Memory;

/// <summary>The dirty log: which pages were written, by whomever, since it was last taken.</summary>
/// <remarks>
/// A page is marked when a hart enters a permission to write to it into its TLB, and after every other write. Taking
/// the log clears the marks and then withdraws the permissions of all harts, in this order:
/// <code>
///   marks read and cleared ── each hart gives up its permissions ── log returned ── caller reads the pages
/// </code>
/// A store by a permission from before the clearing hits a page that is in the log, and ends before the log is
/// returned, so the caller sees it. A permission entered after the clearing marks its page for the next log. A device
/// marks after it has written, so its page is in the next log if the mark came too late for this one. No write is lost;
/// a page can be in two logs when its write lay between clearing and return. With the machine paused the log is exact.
/// </remarks>
public sealed unsafe partial class GuestMemory
{
    private readonly Lock _logLock = new();
    private volatile bool _isLogging;

    /// <summary>Begins a log, or begins it anew. Not from a vCPU's thread: it waits for running harts to leave their block.</summary>
    public void StartDirtyLog()
    {
        _isLogging = true;
        TakeDirtyLog();
    }

    /// <summary>The pages written since the log was started or taken last; may be called while the guest runs.</summary>
    /// <remarks>As for <see cref="StartDirtyLog"/>, not from a vCPU's thread.</remarks>
    /// <exception cref="InvalidOperationException">No log was started.</exception>
    public PageSet TakeDirtyLog()
    {
        if (!_isLogging) throw new InvalidOperationException("the dirty log was not started");
        lock (_logLock)
        {
            var words = new ulong[((Size >> PageShift) + 63) / 64];
            for (int page = 0; page < (int)(Size >> PageShift); page++)
            {
                // SAFETY: there is a flag byte for each page.
                if ((Volatile.Read(ref Flags[page]) & (byte)PageFlags.Dirty) == 0) continue;
                ClearFlag(page, PageFlags.Dirty);
                words[page / 64] |= 1UL << page % 64;
            }

            WithdrawWrites();
            return new PageSet(words);
        }
    }

    private void WithdrawWrites()
    {
        IMemoryObserver[] observers = _observers;
        long[] requests = new long[observers.Length];
        for (int i = 0; i < observers.Length; i++) requests[i] = observers[i].WithdrawWrites();
        for (int i = 0; i < observers.Length; i++)
        {
            var spinner = default(SpinWait);
            while (!observers[i].HasWithdrawn(requests[i])) spinner.SpinOnce();
        }
    }
}
