namespace CloudLab.Server.Backup;

/// <summary>A backup: a POSIX tar (pax) of these entries, in this order.</summary>
/// <remarks>
/// <code>
/// backup.json            {"format":1,"version":"0.1.0","createdAt":"…","schema":"…"}; the schema is the last migration's name
/// rows/NNN-TABLE         a table's rows (DatabaseExport), in an order that can be inserted
/// blobs/NAME             a blob's bytes
/// files/NAME             a file of the data directory: settings, tokens and keys
/// end.json               {"entries":N,"sha256":"…"}
/// </code>
/// The last entry's SHA-256 is over what came before: of each entry its name in UTF-8, a zero byte, and the SHA-256 of its
/// content. A backup without it is cut off. It holds the secrets of the server: guard it like the data directory.
/// </remarks>
internal static class BackupFormat
{
    public const int Version = 1;
    public const string Manifest = "backup.json";
    public const string Rows = "rows/";
    public const string Blobs = "blobs/";
    public const string Files = "files/";
    public const string End = "end.json";

    /// <summary>What of the data directory cannot be made anew.</summary>
    public static readonly IReadOnlyList<string> KeptFiles = ["cloudlab.json", "admin.token", "self-signed.pem", "keys/master.key"];
}
