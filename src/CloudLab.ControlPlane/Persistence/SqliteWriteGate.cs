namespace CloudLab.ControlPlane.Persistence;

/// <summary>
/// One write at a time. SQLite allows no more anyway, but makes the second writer block its thread and then fail;
/// waiting here costs neither.
/// </summary>
internal sealed class SqliteWriteGate : IDisposable
{
    public SemaphoreSlim Turn { get; } = new(1, 1);

    public void Dispose() => Turn.Dispose();
}
