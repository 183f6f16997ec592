namespace CloudLab.Guest.Tests.Harness;

/// <summary>How long a test waits for something that will come: far longer than it takes, even on a host that is short of cores.</summary>
internal sealed class Deadline : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource _source =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public Deadline() => _source.CancelAfter(Patience);

    public CancellationToken Token => _source.Token;

    /// <summary>Whether an exception means that the patience is at its end, rather than the test run.</summary>
    public static bool IsOver(Exception exception) =>
        exception is OperationCanceledException && !TestContext.Current.CancellationToken.IsCancellationRequested;

    public void Dispose() => _source.Dispose();
}
