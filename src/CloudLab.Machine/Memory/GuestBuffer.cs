using System.Buffers;

namespace CloudLab.Machine.Memory;

/// <summary>A window on guest RAM as <see cref="Memory{T}"/>, for asynchronous transfers without a copy.</summary>
internal sealed unsafe class GuestBuffer(byte* pointer, int length) : MemoryManager<byte>
{
    // SAFETY: GuestMemory checked the range; the mapping does not move and outlives every transfer (devices drain).
    public override Span<byte> GetSpan() => new(pointer, length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length);
        return new MemoryHandle(pointer + elementIndex);
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
