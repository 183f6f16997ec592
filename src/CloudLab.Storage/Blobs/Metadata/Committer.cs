using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>The one writer of the index: a thread that applies transactions in their order and writes many of them with one sync.</summary>
/// <remarks>
/// While a sync is under way, further transactions gather and share the next (group commit). Since a transaction sees everything
/// before it and nothing runs beside it, what it checks holds when it commits. After a write has failed nobody knows what is
/// durable: every later transaction fails, until the store is opened anew.
/// </remarks>
internal sealed class Committer : IDisposable
{
    private const int MaxTransactions = 1024;
    private const int MaxBytes = 8 << 20;

    private readonly IObjectIndex _index;
    private readonly IdSequence _ids;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread _thread;
    private Queue<Pending> _queue = new();
    private bool _isClosed;
    private volatile string? _failure;
    private long _commits;
    private long _syncs;

    public Committer(IObjectIndex index, TimeProvider time)
    {
        _index = index;
        _time = time;
        _ids = new IdSequence(index);
        _thread = new Thread(Run) { Name = "blob-commit", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Why nothing is written any more; null while all is well.</summary>
    public string? Failure => _failure;

    public long Commits => Interlocked.Read(ref _commits);

    public long Syncs => Interlocked.Read(ref _syncs);

    /// <summary>Refuses every write from now on; the first reason stays.</summary>
    public void Fail(string reason) => _failure ??= reason;

    /// <summary>Has <paramref name="apply"/> run as a transaction; completes when it is durable. A failure changes nothing.</summary>
    public Task<StoreResult<T>> CommitAsync<T>(Func<IndexTransaction, StoreResult<T>> apply)
        where T : class
    {
        var pending = new Pending<T>(apply);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            _queue.Enqueue(pending);
            if (_queue.Count == 1)
                _wake.Release();
        }

        return pending.Task;
    }

    /// <summary>Commits what is queued and ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _wake.Release();
        }

        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        var batch = new IndexBatch(_index);
        var taken = new Queue<Pending>();
        var applied = new List<Pending>();
        while (true)
        {
            _wake.Wait();
            lock (_lock)
                (taken, _queue) = (_queue, taken);
            while (taken.Count > 0)
                CommitSome(taken, batch, applied);
            lock (_lock)
            {
                if (_isClosed && _queue.Count == 0)
                    return;
            }
        }
    }

    private void CommitSome(Queue<Pending> taken, IndexBatch batch, List<Pending> applied)
    {
        applied.Clear();
        batch.Clear();
        _ids.Refill(batch);
        while (applied.Count < MaxTransactions && batch.ByteCount < MaxBytes && taken.TryDequeue(out var pending))
        {
            if (_failure is null)
                pending.Apply(new IndexTransaction(batch, _ids, _time));
            applied.Add(pending);
        }

        var reason = _failure ?? TryWrite(batch);
        foreach (var pending in applied)
        {
            if (reason is null)
                pending.Complete();
            else
                pending.Fail(reason);
        }

        if (reason is null)
            Interlocked.Add(ref _commits, applied.Count);
    }

    /// <summary>Answers why it failed, or null.</summary>
    private string? TryWrite(IndexBatch batch)
    {
        if (batch.Changes.Count == 0)
            return null;
        try
        {
            _index.Write(batch.Changes);
            Interlocked.Increment(ref _syncs);
            return null;
        }
        catch (IOException e)
        {
            Fail(e.Message);
            return e.Message;
        }
    }

    private abstract class Pending
    {
        public abstract void Apply(IndexTransaction transaction);

        public abstract void Complete();

        public abstract void Fail(string reason);
    }

    private sealed class Pending<T>(Func<IndexTransaction, StoreResult<T>> apply) : Pending
        where T : class
    {
        private readonly TaskCompletionSource<StoreResult<T>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private StoreResult<T> _result;
        private Exception? _exception;
        private List<Action> _afterCommit = [];

        public Task<StoreResult<T>> Task => _done.Task;

        public override void Apply(IndexTransaction transaction)
        {
            try
            {
                _result = apply(transaction);
                if (_result.IsOk)
                    _afterCommit = transaction.Accept();
            }
            catch (InvalidDataException e)
            {
                _result = new StoreFailure(StoreError.Damaged, e.Message);
            }
            catch (Exception e)
            {
                // A bug or an index that cannot be read: this caller's, not the other transactions'.
                _exception = e;
            }
        }

        // Failures wait for the batch as well: they may rest on what another of its transactions has changed.
        public override void Complete()
        {
            foreach (var action in _afterCommit)
                action();
            if (_exception is not null)
                _done.SetException(_exception);
            else
                _done.SetResult(_result);
        }

        public override void Fail(string reason) => _done.SetResult(new StoreFailure(StoreError.ReadOnly, reason));
    }
}
