using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio;

/// <summary>A piece of guest memory that a driver named; not checked against RAM.</summary>
internal readonly record struct GuestSegment(GuestAddress Address, uint Length);

/// <summary>
/// One request's buffers: what the device may read, then what it may write, each as one stream of bytes, because a
/// driver may cut a request where it likes (virtio 1.3, section 2.7.4). Reused from request to request.
/// </summary>
/// <remarks>Every method checks addresses against RAM and answers false when a piece lies outside.</remarks>
internal sealed class DescriptorChain(GuestMemory memory)
{
    private readonly List<GuestSegment> _readable = [];
    private readonly List<GuestSegment> _writable = [];

    /// <summary>The index of the first descriptor, which goes back to the driver with the used entry.</summary>
    public ushort Head { get; private set; }

    /// <summary>Bytes for the device to read.</summary>
    public ulong ReadableLength { get; private set; }

    /// <summary>Bytes for the device to write.</summary>
    public ulong WritableLength { get; private set; }

    public void Begin(ushort head)
    {
        Head = head;
        _readable.Clear();
        _writable.Clear();
        ReadableLength = 0;
        WritableLength = 0;
    }

    /// <summary>False when a readable piece follows a writable one (virtio 1.3, section 2.7.4.2).</summary>
    public bool TryAdd(in Descriptor descriptor)
    {
        var segment = new GuestSegment(new GuestAddress(descriptor.Address), descriptor.Length);
        if (descriptor.IsWritable)
        {
            WritableLength += descriptor.Length;
            if (descriptor.Length > 0) _writable.Add(segment);
            return true;
        }

        if (WritableLength > 0) return false;
        ReadableLength += descriptor.Length;
        if (descriptor.Length > 0) _readable.Add(segment);
        return true;
    }

    /// <summary>
    /// Makes sure that the host has memory for all that the device may write: once begun, a request is not held up.
    /// Pieces outside RAM are refused later.
    /// </summary>
    public bool TryCharge()
    {
        foreach (GuestSegment segment in _writable)
            if (!memory.TryCharge(segment.Address, segment.Length))
                return false;
        return true;
    }

    /// <summary>Copies from the readable stream, which holds at least that much, at <paramref name="offset"/>.</summary>
    public bool TryRead(ulong offset, Span<byte> destination)
    {
        foreach (GuestSegment segment in _readable)
        {
            if (!TryCut(segment, ref offset, (ulong)destination.Length, out GuestSegment part)) continue;
            if (!memory.TryRead(part.Address, destination[..(int)part.Length])) return false;
            destination = destination[(int)part.Length..];
            if (destination.IsEmpty) return true;
        }

        return destination.IsEmpty;
    }

    /// <summary>Copies into the writable stream, which holds at least that much, at <paramref name="offset"/>.</summary>
    public bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        foreach (GuestSegment segment in _writable)
        {
            if (!TryCut(segment, ref offset, (ulong)source.Length, out GuestSegment part)) continue;
            if (!memory.TryWrite(part.Address, source[..(int)part.Length])) return false;
            source = source[(int)part.Length..];
            if (source.IsEmpty) return true;
        }

        return source.IsEmpty;
    }

    /// <summary>Appends the guest memory behind a range of the readable stream, for a transfer without a copy.</summary>
    public bool TryGetReadable(ulong offset, ulong length, List<Memory<byte>> buffers) =>
        TryGet(_readable, offset, length, buffers);

    /// <summary>As <see cref="TryGetReadable"/>, of the writable stream. <see cref="MarkWritten"/> follows the transfer.</summary>
    public bool TryGetWritable(ulong offset, ulong length, List<Memory<byte>> buffers) =>
        TryGet(_writable, offset, length, buffers);

    /// <summary>Tells guest memory that the first <paramref name="length"/> writable bytes were written.</summary>
    public void MarkWritten(ulong length)
    {
        ulong offset = 0;
        foreach (GuestSegment segment in _writable)
        {
            if (!TryCut(segment, ref offset, length, out GuestSegment part)) continue;
            memory.MarkWritten(part.Address, part.Length);
            length -= part.Length;
            if (length == 0) return;
        }
    }

    private bool TryGet(List<GuestSegment> segments, ulong offset, ulong length, List<Memory<byte>> buffers)
    {
        foreach (GuestSegment segment in segments)
        {
            if (!TryCut(segment, ref offset, length, out GuestSegment part)) continue;
            // A piece longer than guest memory gives out at once is beyond what a sound driver asks.
            if (part.Length > int.MaxValue || !memory.TryGetBuffer(part.Address, (int)part.Length, out Memory<byte> buffer)) return false;
            buffers.Add(buffer);
            length -= part.Length;
            if (length == 0) return true;
        }

        return length == 0;
    }

    // The part of a segment that begins `offset` bytes into what is left of the stream; none when the segment ends before.
    private static bool TryCut(GuestSegment segment, ref ulong offset, ulong wanted, out GuestSegment part)
    {
        part = default;
        if (offset >= segment.Length)
        {
            offset -= segment.Length;
            return false;
        }

        uint length = (uint)Math.Min(segment.Length - offset, wanted);
        part = new GuestSegment(segment.Address.Add(offset), length);
        offset = 0;
        return length > 0;
    }
}
