namespace CloudLab.Server.Backup;

/// <summary>The first entry: see <see cref="BackupFormat"/>.</summary>
internal sealed record BackupManifest(int Format, string Version, DateTimeOffset CreatedAt, string Schema);
