using System.Formats.Tar;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CloudLab.ControlPlane.Persistence.Portable;
using CloudLab.Server.Hosting;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Files;

namespace CloudLab.Server.Backup;

/// <summary>Takes back what <see cref="BackupWriter"/> wrote.</summary>
internal sealed class BackupReader(DatabaseImport database, IBlobStore blobs, DataDirectory directory)
{
    private const int MostManifestBytes = 64 << 10;

    /// <summary>Reads a backup to its end and compares its checksum.</summary>
    /// <exception cref="InvalidDataException">It is cut off, changed, or no backup.</exception>
    public static async Task<BackupManifest> VerifyAsync(string file, CancellationToken cancellationToken)
    {
        BackupManifest? manifest = null;
        BackupEnd? end = null;
        using var checksum = new BackupChecksum();
        await foreach (TarEntry entry in EntriesAsync(file, cancellationToken))
        {
            if (end is not null) throw new InvalidDataException("there is something behind its end");
            if (checksum.Entries == 0) manifest = await ReadManifestAsync(entry, cancellationToken);
            if (entry.Name == BackupFormat.End)
            {
                end = await ReadAsync<BackupEnd>(entry, cancellationToken);
                if (end != checksum.End()) throw new InvalidDataException("its checksum differs: it was changed");
                continue;
            }

            if (entry.DataStream is { CanSeek: true } content) content.Position = 0;
            checksum.Add(entry.Name, entry.DataStream is null ? SHA256.HashData([]) : await SHA256.HashDataAsync(entry.DataStream, cancellationToken));
        }

        return end is null || manifest is null ? throw new InvalidDataException("it is cut off") : manifest;
    }

    /// <summary>Restores into an empty data directory and database; repeat it after a failure.</summary>
    /// <returns>How many rows and blobs there are.</returns>
    /// <exception cref="InvalidDataException">The backup is cut off, changed, or of a newer version.</exception>
    /// <exception cref="InvalidOperationException">The database is not empty.</exception>
    public async Task<(long Rows, long Blobs)> RestoreAsync(string file, CancellationToken cancellationToken)
    {
        BackupManifest manifest = await VerifyAsync(file, cancellationToken);
        // The rows come last, in one transaction: without them nothing of a restore counts.
        long stored = await StoreAsync(file, cancellationToken);
        long rows = await database.ReadAsync(manifest.Schema, TablesAsync(file, cancellationToken), cancellationToken);
        return (rows, stored);
    }

    private async Task<long> StoreAsync(string file, CancellationToken cancellationToken)
    {
        long stored = 0;
        await foreach (TarEntry entry in EntriesAsync(file, cancellationToken))
        {
            if (entry.Name.StartsWith(BackupFormat.Blobs, StringComparison.Ordinal))
            {
                string name = entry.Name[BackupFormat.Blobs.Length..];
                BlobResult<BlobInfo> put = await blobs.PutAsync(name, entry.DataStream ?? Stream.Null, BlobCondition.None, cancellationToken);
                if (!put.IsOk) throw new InvalidDataException($"the blob store refused {name}: {put.Error}");
                stored++;
            }
            else if (entry.Name.StartsWith(BackupFormat.Files, StringComparison.Ordinal))
            {
                // By name from our own list: nothing in a backup says where on this machine a file goes.
                string? known = BackupFormat.KeptFiles.FirstOrDefault(kept => BackupFormat.Files + kept == entry.Name);
                if (known is null) throw new InvalidDataException($"it has an unknown file '{entry.Name}'");
                string path = Path.Combine(directory.Path, known);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                SecretFile.Replace(path, await ReadBytesAsync(entry, cancellationToken));
            }
        }

        return stored;
    }

    private static async IAsyncEnumerable<TextReader> TablesAsync(string file, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (TarEntry entry in EntriesAsync(file, cancellationToken))
        {
            if (!entry.Name.StartsWith(BackupFormat.Rows, StringComparison.Ordinal)) continue;
            using var text = new StreamReader(entry.DataStream ?? Stream.Null, Encoding.UTF8);
            yield return text;
        }
    }

    private static async IAsyncEnumerable<TarEntry> EntriesAsync(string file, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using FileStream input = File.OpenRead(file);
        await using var tar = new TarReader(input);
        while (await NextAsync(tar, cancellationToken) is { } entry) yield return entry;
    }

    private static async Task<TarEntry?> NextAsync(TarReader tar, CancellationToken cancellationToken)
    {
        try
        {
            return await tar.GetNextEntryAsync(copyData: false, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or OverflowException or ArgumentException)
        {
            throw new InvalidDataException("it is not a whole tar archive", e);
        }
    }

    private static async Task<BackupManifest> ReadManifestAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Name != BackupFormat.Manifest) throw new InvalidDataException("it is no backup of CloudLab");
        BackupManifest manifest = await ReadAsync<BackupManifest>(entry, cancellationToken);
        return manifest.Format == BackupFormat.Version
            ? manifest
            : throw new InvalidDataException($"it has format {manifest.Format} and was made by CloudLab {manifest.Version}, which is newer than this");
    }

    private static async Task<T> ReadAsync<T>(TarEntry entry, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            byte[] json = await ReadBytesAsync(entry, cancellationToken);
            return JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web) ?? throw new InvalidDataException($"{entry.Name} is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{entry.Name} is malformed", e);
        }
    }

    private static async Task<byte[]> ReadBytesAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.DataStream is null || entry.Length > MostManifestBytes) throw new InvalidDataException($"{entry.Name} is empty or too long");
        byte[] bytes = new byte[entry.Length];
        await entry.DataStream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }
}
