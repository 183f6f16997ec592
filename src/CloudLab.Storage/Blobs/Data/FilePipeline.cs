using System.Buffers;
using CloudLab.Storage.Blobs.Checksums;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Receiving, digesting and writing a large body beside each other.</summary>
/// <remarks>
/// Four buffers of 128 KiB go round: while one is received, those before it are digested (in their order, on one thread at a time) and
/// written (the same). The MD5 is the slowest of the three, and alone on its core.
/// </remarks>
internal sealed class FilePipeline : IAsyncDisposable
{
    public const int BufferBytes = 2 * ObjectFileFormat.ChunkBytes;
    private const int Buffers = 4;

    private readonly BodyDigests _digests;
    private readonly ObjectFileWriter _writer;
    private readonly BodySlot[] _slots = new BodySlot[Buffers];
    private int _turn;
    private Task _digested = Task.CompletedTask;
    private Task _written = Task.CompletedTask;

    public FilePipeline(BodyDigests digests, ObjectFileWriter writer)
    {
        _digests = digests;
        _writer = writer;
        for (var i = 0; i < Buffers; i++)
            _slots[i] = new BodySlot(BufferBytes);
    }

    /// <summary>The next buffer to fill, once it is free.</summary>
    public async ValueTask<Memory<byte>> NextAsync()
    {
        await _slots[_turn].Done;
        return _slots[_turn].Buffer.AsMemory(0, BufferBytes);
    }

    /// <summary>Hands on what the buffer holds: all of it, unless it is the last.</summary>
    public void Push(int count)
    {
        var slot = _slots[_turn];
        _turn = (_turn + 1) % Buffers;
        _digested = DigestAsync(_digested, slot.Buffer, count);
        _written = WriteAsync(_written, slot.Buffer, count);
        slot.Done = Task.WhenAll(_digested, _written);
    }

    /// <summary>Completes when everything is digested and written.</summary>
    public Task DrainAsync() => Task.WhenAll(_digested, _written);

    /// <summary>Waits for what is under way before it gives the buffers back.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_digested, _written).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _writer.QuiesceAsync();
        foreach (var slot in _slots)
            ArrayPool<byte>.Shared.Return(slot.Buffer);
    }

    private async Task DigestAsync(Task before, byte[] buffer, int count)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        _digests.Append(buffer.AsSpan(0, count));
    }

    private async Task WriteAsync(Task before, byte[] buffer, int count)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        _writer.Append(buffer.AsSpan(0, count));
    }
}
