using System.Formats.Tar;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using CloudLab.ControlPlane.Persistence.Portable;
using CloudLab.Server.Hosting;
using CloudLab.Storage.Blobs;

namespace CloudLab.Server.Backup;

/// <summary>Writes everything that a server keeps, while it runs or not: see <see cref="BackupFormat"/>.</summary>
/// <remarks>
/// Rows are those of one moment. Blobs are copied after that, and never change: one whose image was deregistered in
/// between is left out, as if it had been deregistered before.
/// </remarks>
internal sealed class BackupWriter(DatabaseExport database, IBlobStore blobs, DataDirectory directory, TimeProvider time)
{
    /// <summary>Writes a backup; whoever reads it knows by its last entry that it is whole.</summary>
    /// <exception cref="IOException">The target or what is kept cannot be written or read.</exception>
    public async Task WriteAsync(Stream target, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        using var checksum = new BackupChecksum();
        string version = typeof(BackupWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var manifest = new BackupManifest(
            BackupFormat.Version, version.Split('+')[0], time.GetUtcNow(), await database.ReadSchemaAsync(cancellationToken));
        await AddAsync(tar, checksum, BackupFormat.Manifest, JsonSerializer.SerializeToUtf8Bytes(manifest, JsonSerializerOptions.Web), cancellationToken);
        await AddRowsAsync(tar, checksum, cancellationToken);
        await AddBlobsAsync(tar, checksum, cancellationToken);
        foreach (string name in BackupFormat.KeptFiles)
        {
            string path = Path.Combine(directory.Path, name);
            if (File.Exists(path))
                await AddAsync(tar, checksum, BackupFormat.Files + name, await File.ReadAllBytesAsync(path, cancellationToken), cancellationToken);
        }

        byte[] end = JsonSerializer.SerializeToUtf8Bytes(checksum.End(), JsonSerializerOptions.Web);
        await AddAsync(tar, checksum, BackupFormat.End, end, cancellationToken);
    }

    private async Task AddRowsAsync(TarWriter tar, BackupChecksum checksum, CancellationToken cancellationToken)
    {
        int number = 0;
        await database.WriteAsync(
            async (table, write) =>
            {
                // An entry begins with its length, which is known when the rows are there.
                await using FileStream spool = TemporaryFile();
                await write(spool);
                spool.Position = 0;
                string name = string.Create(CultureInfo.InvariantCulture, $"{BackupFormat.Rows}{number++:D3}-{table}");
                await AddAsync(tar, checksum, name, spool, spool.Length, cancellationToken);
            },
            cancellationToken);
    }

    private async Task AddBlobsAsync(TarWriter tar, BackupChecksum checksum, CancellationToken cancellationToken)
    {
        await foreach (BlobInfo blob in blobs.ListAsync("", startAfter: null, cancellationToken))
        {
            BlobResult<BlobContent> opened = await blobs.GetAsync(blob.Name, range: null, cancellationToken);
            if (!opened.IsOk)
            {
                if (opened.Error == BlobError.NotFound) continue;
                throw new IOException($"the blob {blob.Name} cannot be read: {opened.Error}");
            }

            await using BlobContent blobContent = opened.Value;
            await AddAsync(tar, checksum, BackupFormat.Blobs + blob.Name, blobContent.Content, blobContent.Info.Length, cancellationToken);
        }
    }

    private FileStream TemporaryFile() => new(
        Path.Combine(directory.Path, Path.GetRandomFileName() + ".backup"),
        new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous });

    private static async Task AddAsync(TarWriter tar, BackupChecksum checksum, string name, byte[] content, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(content);
        await AddAsync(tar, checksum, name, stream, content.Length, cancellationToken);
    }

    private static async Task AddAsync(
        TarWriter tar, BackupChecksum checksum, string name, Stream content, long length, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var entry = new PaxTarEntry(TarEntryType.RegularFile, name)
        {
            DataStream = new EntryContent(content, length, hash),
            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await tar.WriteEntryAsync(entry, cancellationToken);
        checksum.Add(name, hash.GetHashAndReset());
    }
}
