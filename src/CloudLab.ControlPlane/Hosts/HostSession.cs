namespace CloudLab.ControlPlane.Hosts;

/// <summary>This process's hold on its lease, and whether it may still act on it.</summary>
/// <remarks>Written by <see cref="HostKeeper"/> only; read by any thread.</remarks>
public sealed class HostSession(HostService hosts, ControlPlaneOptions options, TimeProvider time)
{
    private volatile HostLease? _lease;
    private volatile bool _isSuspended;
    private long _heardAt;

    /// <summary>The lease, or null before registration and after it was lost.</summary>
    public HostLease? Lease => _lease;

    /// <summary>
    /// Whether machines may run: the lease was renewed by a heartbeat sent less than 0.8 of its duration ago, by the
    /// monotonic clock. The rest is for the machines to come to a halt before another host may start them.
    /// </summary>
    public bool MayAct => _lease is not null && Remaining > TimeSpan.Zero;

    /// <summary>Whether this host's machines are paused because the lease could not be renewed in time.</summary>
    public bool IsSuspended
    {
        get => _isSuspended;
        internal set => _isSuspended = value;
    }

    /// <summary>For how long the host may still act; never negative, so that it can be waited for.</summary>
    internal TimeSpan Remaining
    {
        get
        {
            TimeSpan left = options.LeaseSafety - time.GetElapsedTime(Interlocked.Read(ref _heardAt));
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    internal async Task RegisterAsync(CancellationToken cancellationToken)
    {
        long sentAt = time.GetTimestamp();
        HostLease lease = await hosts.RegisterAsync(cancellationToken).ConfigureAwait(false);
        Interlocked.Exchange(ref _heardAt, sentAt);
        _lease = lease;
    }

    /// <summary>Renews the lease; forgets it when it has passed to another.</summary>
    internal async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (_lease is not { } lease) return;
        long sentAt = time.GetTimestamp();
        if (await hosts.RenewAsync(lease, cancellationToken).ConfigureAwait(false))
            Interlocked.Exchange(ref _heardAt, sentAt);
        else
            _lease = null;
    }
}
