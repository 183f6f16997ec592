using System.Buffers;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>A buffer on its way through a <see cref="FilePipeline"/>, free again when <see cref="Done"/> has completed.</summary>
internal sealed class BodySlot(int bytes)
{
    public byte[] Buffer { get; } = ArrayPool<byte>.Shared.Rent(bytes);

    public Task Done { get; set; } = Task.CompletedTask;
}
