using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using CloudLab.Storage.Files;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>Carries an image in one file to hosts that can't build it.</summary>
/// <remarks>
/// A tar archive of exactly three regular files in this order: <c>image.json</c>, so that the reader knows sizes and checksums
/// before it takes anything else in, then <c>initramfs.cpio</c> and <c>kernel</c>. It may be compressed by gzip: the reader sees it
/// by the first two bytes. Owners and times are 0, so that the same image gives the same archive.
/// </remarks>
public static class GuestImageArchive
{
    /// <summary>Room for headers and padding beside the files themselves: three entries need 4 KiB.</summary>
    private const long TarOverhead = 64 << 10;

    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static readonly string[] Entries = [GuestImageManifest.InitramfsFile, GuestImageManifest.KernelFile];

    /// <summary>Writes an image to <paramref name="file"/>, which appears complete or not at all; one that is there is replaced.</summary>
    /// <param name="directory">A complete image; it is verified first.</param>
    /// <param name="file">The archive.</param>
    /// <param name="compress">Whether to gzip it: a third of the size for seconds of work.</param>
    /// <param name="cancellationToken">Ends it; <paramref name="file"/> is as it was.</param>
    public static async Task<BuildError?> ExportAsync(
        string directory, string file, bool compress, CancellationToken cancellationToken)
    {
        var opened = await BuiltImage.OpenAsync(directory, cancellationToken).ConfigureAwait(false);
        if (!opened.IsOk)
            return opened.Error;
        var staged = $"{file}.{Path.GetRandomFileName()}.part";
        try
        {
            var output = new FileStream(staged, FileMode.CreateNew, FileAccess.Write);
            await using (output.ConfigureAwait(false))
            {
                var packed = compress ? new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true) : (Stream)output;
                await using (packed.ConfigureAwait(false))
                {
                    await WriteAsync(opened.Value, packed, cancellationToken).ConfigureAwait(false);
                }
            }

            File.Move(staged, file, overwrite: true);
            return null;
        }
        catch (IOException e)
        {
            return DiskFaults.IsFull(e)
                ? BuildError.DiskFull(file)
                : new(BuildErrorCode.ToolFailed, $"'{file}' can't be written.", e.Message);
        }
        catch (UnauthorizedAccessException e)
        {
            return new(BuildErrorCode.ToolFailed, $"'{file}' can't be written.", e.Message);
        }
        finally
        {
            File.Delete(staged);
        }
    }

    /// <summary>Makes <paramref name="directory"/> the image an archive holds; an image that is there is replaced only by a whole one.</summary>
    /// <returns>The image, or <see cref="BuildErrorCode.ImageInvalid"/> and nothing left behind.</returns>
    public static async Task<BuildResult<BuiltImage>> ImportAsync(
        string file, string directory, CancellationToken cancellationToken)
    {
        try
        {
            var input = File.OpenRead(file);
            await using (input.ConfigureAwait(false))
            {
                var unpacked = await IsGzipAsync(input, cancellationToken).ConfigureAwait(false)
                    ? new GZipStream(input, CompressionMode.Decompress)
                    : (Stream)input;
                await using (unpacked.ConfigureAwait(false))
                {
                    return await ReadAsync(unpacked, directory, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or OverflowException)
        {
            return BuildError.Invalid($"'{file}' is not a whole guest image archive.") with { Detail = e.Message };
        }
        catch (IOException e) when (DiskFaults.IsFull(e))
        {
            return BuildError.DiskFull(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return BuildError.Invalid($"'{file}' can't be imported.") with { Detail = e.Message };
        }
    }

    private static async Task WriteAsync(BuiltImage image, Stream output, CancellationToken cancellationToken)
    {
        var writer = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            foreach (var name in (string[])[GuestImageManifest.FileName, .. Entries])
            {
                var content = File.OpenRead(Path.Combine(image.Directory, name));
                await using (content.ConfigureAwait(false))
                {
                    var entry = new UstarTarEntry(TarEntryType.RegularFile, name)
                    {
                        DataStream = content,
                        Mode = Readable,
                        ModificationTime = DateTimeOffset.UnixEpoch,
                    };
                    await writer.WriteEntryAsync(entry, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private static async Task<BuildResult<BuiltImage>> ReadAsync(
        Stream input, string directory, CancellationToken cancellationToken)
    {
        var bounded = new BoundedStream(input, GuestImageManifest.MaxBytes + TarOverhead);
        await using (bounded.ConfigureAwait(false))
        {
            var reader = new TarReader(bounded, leaveOpen: true);
            await using (reader.ConfigureAwait(false))
            {
                var first = await NextAsync(reader, GuestImageManifest.FileName, cancellationToken).ConfigureAwait(false);
                if (first.Length > GuestImageManifest.MaxBytes)
                    throw new InvalidDataException("The manifest is too long.");
                var json = new byte[first.Length];
                await first.DataStream!.ReadExactlyAsync(json, cancellationToken).ConfigureAwait(false);
                var manifest = GuestImageManifest.Parse(json);
                if (!manifest.IsOk)
                    return manifest.Error;

                bounded.Limit += manifest.Value.Files.Values.Sum(f => f.Size);
                using var staged = StagedDirectory.Create(directory);
                await staged.WriteAsync(GuestImageManifest.FileName, json, cancellationToken).ConfigureAwait(false);
                foreach (var name in Entries)
                {
                    var entry = await NextAsync(reader, name, cancellationToken).ConfigureAwait(false);
                    await CopyAsync(entry, Path.Combine(staged.Path, name), manifest.Value.Files[name], cancellationToken)
                        .ConfigureAwait(false);
                }

                if (await reader.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is not null)
                    throw new InvalidDataException("The archive has more than an image's three files.");
                staged.Commit();
                return new BuiltImage(directory, manifest.Value);
            }
        }
    }

    /// <summary>The next entry, which must be a regular file of just this name: no path of an archive is ever followed.</summary>
    private static async Task<TarEntry> NextAsync(TarReader reader, string name, CancellationToken cancellationToken)
    {
        var entry = await reader.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false);
        return entry is { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile, DataStream: not null }
            && entry.Name == name
            ? entry
            : throw new InvalidDataException($"Where the archive should have '{name}' it has '{entry?.Name ?? "its end"}'.");
    }

    private static async Task CopyAsync(
        TarEntry entry, string path, GuestImageFile expected, CancellationToken cancellationToken)
    {
        if (entry.Length != expected.Size)
            throw new InvalidDataException($"'{entry.Name}' has {entry.Length} bytes, not {expected.Size}.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var output = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        await using (output.ConfigureAwait(false))
        {
            var buffer = new byte[128 << 10];
            for (var left = expected.Size; left > 0;)
            {
                var want = (int)Math.Min(left, buffer.Length);
                var read = await entry.DataStream!.ReadAsync(buffer.AsMemory(0, want), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    throw new EndOfStreamException($"'{entry.Name}' is cut short.");
                hash.AppendData(buffer, 0, read);
                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                left -= read;
            }

            output.Flush(flushToDisk: true);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != expected.Sha256)
            throw new InvalidDataException($"'{entry.Name}' doesn't have the checksum its manifest gives.");
    }

    private static async Task<bool> IsGzipAsync(FileStream input, CancellationToken cancellationToken)
    {
        var magic = new byte[2];
        var read = await input.ReadAtLeastAsync(magic, 2, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        input.Position = 0;
        return read == 2 && magic is [0x1F, 0x8B];
    }
}
