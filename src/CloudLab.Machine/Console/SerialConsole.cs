using System.Buffers;

namespace CloudLab.Machine.Console;

/// <summary>
/// A guest's serial line as byte streams: what the guest wrote last is kept, and any number of clients can attach.
/// </summary>
/// <remarks>
/// The guest never waits for a client: an attachment that falls more than <see cref="Capacity"/> bytes behind loses
/// the oldest bytes. Input of all clients is interleaved; the guest's UART takes it as fast as it reads. All methods
/// may be called from any thread.
/// </remarks>
public sealed class SerialConsole
{
    /// <summary>How many bytes of output are kept: 64 KiB, as EC2's console output.</summary>
    public const int Capacity = 64 * 1024;

    private const int InputCapacity = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly byte[] _ring = new byte[Capacity];
    private readonly Queue<byte> _input = new();

    // Replaced as a whole under the lock, so that output needs no copy to signal all without it.
    private ConsoleAttachment[] _attachments = [];
    private long _written;

    /// <summary>Raised, outside any lock, when input arrived for the guest.</summary>
    public event Action? InputAvailable;

    /// <summary>
    /// Raised with each chunk that the guest wrote, on the vCPU's thread: handlers are quick, do not throw, and do not keep
    /// the memory, which is used again.
    /// </summary>
    public event Action<ReadOnlyMemory<byte>>? OutputWritten;

    /// <summary>How many bytes the guest has written in all.</summary>
    public long TotalWritten => Interlocked.Read(ref _written);

    /// <summary>Whether a client is attached.</summary>
    public bool HasAttachments
    {
        get
        {
            lock (_lock) return _attachments.Length > 0;
        }
    }

    /// <summary>A copy of the last <see cref="Capacity"/> bytes of output, oldest first.</summary>
    public byte[] Snapshot()
    {
        lock (_lock) return CopyFrom(Math.Max(0, _written - Capacity));
    }

    /// <summary>A stream on the console from now on, or with the kept output first.</summary>
    public ConsoleAttachment Attach(bool replay)
    {
        lock (_lock)
        {
            var attachment = new ConsoleAttachment(this, replay ? Math.Max(0, _written - Capacity) : _written);
            _attachments = [.. _attachments, attachment];
            return attachment;
        }
    }

    /// <summary>Called by the UART with what the guest sent.</summary>
    public void WriteOutput(ReadOnlySpan<byte> bytes)
    {
        ConsoleAttachment[] waiting;
        lock (_lock)
        {
            foreach (byte b in bytes) _ring[(int)(_written++ % Capacity)] = b;
            waiting = _attachments;
        }

        foreach (ConsoleAttachment attachment in waiting) attachment.Signal();
        if (OutputWritten is { } handler) Raise(handler, bytes);
    }

    /// <summary>Queues input for the guest.</summary>
    /// <returns>How many bytes were taken; fewer than given when the guest does not read.</returns>
    public int WriteInput(ReadOnlySpan<byte> bytes)
    {
        int taken;
        lock (_lock)
        {
            taken = Math.Min(bytes.Length, InputCapacity - _input.Count);
            foreach (byte b in bytes[..taken]) _input.Enqueue(b);
        }

        if (taken > 0) InputAvailable?.Invoke();
        return taken;
    }

    /// <summary>Called by the UART: takes the next input byte, if there is one.</summary>
    public bool TryReadInput(out byte value)
    {
        lock (_lock) return _input.TryDequeue(out value);
    }

    /// <summary>Whether input waits for the guest.</summary>
    public bool HasInput
    {
        get
        {
            lock (_lock) return _input.Count > 0;
        }
    }

    internal byte[] Take(ref long position)
    {
        lock (_lock)
        {
            byte[] bytes = CopyFrom(Math.Max(position, _written - Capacity));
            position = _written;
            return bytes;
        }
    }

    internal void Detach(ConsoleAttachment attachment)
    {
        lock (_lock) _attachments = [.. _attachments.Where(other => other != attachment)];
    }

    private static void Raise(Action<ReadOnlyMemory<byte>> handler, ReadOnlySpan<byte> bytes)
    {
        byte[] copy = ArrayPool<byte>.Shared.Rent(bytes.Length);
        try
        {
            bytes.CopyTo(copy);
            handler(copy.AsMemory(0, bytes.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private byte[] CopyFrom(long position)
    {
        byte[] copy = new byte[_written - position];
        for (int i = 0; i < copy.Length; i++) copy[i] = _ring[(int)((position + i) % Capacity)];
        return copy;
    }
}
