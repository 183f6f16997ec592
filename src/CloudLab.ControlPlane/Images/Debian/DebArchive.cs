using System.Formats.Tar;
using CloudLab.ControlPlane.Images.Building;

namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>Reads .deb files by dpkg-deb, which is wherever apt is.</summary>
internal static class DebArchive
{
    /// <summary>No single file of an image is larger; what is, is not what we asked for.</summary>
    private const long MaxFileBytes = 256L << 20;

    /// <summary>The regular files of a package that <paramref name="wanted"/> picks, by path without leading "./".</summary>
    /// <remarks>The package is read as a stream: of a kernel with thousands of modules only the picked ones are ever kept.</remarks>
    public static async Task<BuildResult<IReadOnlyDictionary<string, byte[]>>> ReadAsync(
        string file, string searchPath, Func<string, bool> wanted, CancellationToken cancellationToken)
    {
        var picked = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        ToolOutcome outcome;
        try
        {
            outcome = await HostTool.RunAsync(
                new("dpkg-deb", searchPath, "--fsys-tarfile", file),
                (stream, token) => PickAsync(stream, wanted, picked, token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            return new BuildError(
                BuildErrorCode.PackageUnusable, $"The package '{Path.GetFileName(file)}' is damaged.", e.Message);
        }

        return outcome.ExitCode == 0 ? picked : Failure(file, outcome);
    }

    /// <summary>Unpacks a whole package into a directory.</summary>
    public static async Task<BuildError?> UnpackAsync(
        string file, string directory, string searchPath, CancellationToken cancellationToken)
    {
        var outcome = await HostTool.RunAsync(
            new("dpkg-deb", searchPath, "--extract", file, directory), _ => { }, cancellationToken).ConfigureAwait(false);
        return outcome.ExitCode == 0 ? null : Failure(file, outcome);
    }

    private static async Task PickAsync(
        Stream stream, Func<string, bool> wanted, Dictionary<string, byte[]> picked, CancellationToken cancellationToken)
    {
        var reader = new TarReader(stream, leaveOpen: true);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
            {
                var path = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !wanted(path))
                    continue;
                if (entry.Length > MaxFileBytes || entry.DataStream is null)
                    throw new InvalidDataException($"'{path}' has {entry.Length} bytes.");
                var content = new byte[entry.Length];
                await entry.DataStream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
                picked[path] = content;
            }
        }
    }

    private static BuildError Failure(string file, ToolOutcome outcome) => new(
        outcome.Errors.Contains("No space left", StringComparison.Ordinal) ? BuildErrorCode.DiskFull : BuildErrorCode.PackageUnusable,
        $"dpkg-deb could not read '{Path.GetFileName(file)}'.",
        outcome.Errors);
}
