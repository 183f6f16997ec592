using CloudLab.Machine.Console;
using CloudLab.Storage.Blobs;

namespace CloudLab.ControlPlane.Instances;

/// <summary>What guests wrote last to their consoles, kept for when they have no machine: blobs <c>consoles/ID</c>.</summary>
/// <remarks>Output is of help and not vital: what cannot be read is empty. Any thread.</remarks>
public sealed class ConsoleArchive(IBlobStore blobs)
{
    /// <summary>The kept output; empty where there is none, or none that is whole.</summary>
    /// <exception cref="IOException">The blob store failed.</exception>
    public async Task<byte[]> LoadAsync(InstanceId id, CancellationToken cancellationToken)
    {
        BlobResult<BlobContent> opened = await blobs.GetAsync(Name(id), range: null, cancellationToken).ConfigureAwait(false);
        if (!opened.IsOk) return [];
        await using BlobContent content = opened.Value;
        if (content.Info.Length > SerialConsole.Capacity) return [];
        try
        {
            byte[] output = new byte[content.Info.Length];
            await content.Content.ReadExactlyAsync(output, cancellationToken).ConfigureAwait(false);
            return output;
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }

    /// <exception cref="IOException">The blob store failed; what was kept before is still there.</exception>
    public async Task SaveAsync(InstanceId id, byte[] output, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(output, writable: false);
        await blobs.PutAsync(Name(id), content, BlobCondition.None, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="IOException">The blob store failed.</exception>
    public Task DeleteAsync(InstanceId id, CancellationToken cancellationToken) => blobs.DeleteAsync(Name(id), cancellationToken);

    private static string Name(InstanceId id) => $"consoles/{id}";
}
