namespace CloudLab.ControlPlane.Persistence.Portable;

internal static class MigrationNames
{
    /// <summary><c>20261123003111_Initial</c> without its time stamp, which differs between the two databases.</summary>
    public static string Bare(string migration) => migration[(migration.IndexOf('_', StringComparison.Ordinal) + 1)..];
}
