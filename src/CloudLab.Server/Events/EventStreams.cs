using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.Events;

/// <summary>How many streams of events are open: each costs a connection and reads the table at each event.</summary>
internal sealed class EventStreams
{
    /// <summary>For an account: some dashboards and some scripts.</summary>
    public const int MaxPerAccount = 10;

    /// <summary>For all: a tenth of the server's connections.</summary>
    public const int MaxInAll = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<AccountId, int> _open = [];
    private int _all;

    /// <summary>Takes a place, which disposing gives back.</summary>
    /// <returns>Null when there is none.</returns>
    public IDisposable? TryOpen(AccountId account)
    {
        lock (_lock)
        {
            int own = _open.GetValueOrDefault(account);
            if (own >= MaxPerAccount || _all >= MaxInAll) return null;
            _open[account] = own + 1;
            _all++;
            return new Place(this, account);
        }
    }

    private void Close(AccountId account)
    {
        lock (_lock)
        {
            _all--;
            if (--_open[account] == 0) _open.Remove(account);
        }
    }

    private sealed class Place(EventStreams streams, AccountId account) : IDisposable
    {
        private int _isClosed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isClosed, 1) == 0) streams.Close(account);
        }
    }
}
