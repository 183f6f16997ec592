namespace CloudLab.ControlPlane.Persistence;

/// <summary>A row with optimistic concurrency. <see cref="CloudLabDbContext"/> raises the version with each change it saves.</summary>
/// <remarks>An integer column because it works alike on both databases (<c>xmin</c> exists on PostgreSQL only).</remarks>
internal interface IVersioned
{
    /// <summary>1 when new. Set-based updates bypass the change tracker and must raise it themselves.</summary>
    long Version { get; set; }
}
