namespace CloudLab.Storage.Blobs.Data;

/// <summary>The disk refused to create or to write a file: the put fails, the store goes on. Set apart from what a body's stream throws.</summary>
internal sealed class DiskException(IOException inner) : IOException(inner.Message, inner)
{
    // What .NET puts into HResult on Linux: ENOSPC, EDQUOT.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    /// <summary>Whether the reason is that the disk is full.</summary>
    public bool IsFull => InnerException!.HResult is NoSpace or QuotaExceeded;
}
