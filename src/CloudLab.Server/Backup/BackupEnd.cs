namespace CloudLab.Server.Backup;

/// <summary>The last entry: see <see cref="BackupFormat"/>.</summary>
internal sealed record BackupEnd(long Entries, string Sha256);
