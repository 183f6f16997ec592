using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Input;

/// <summary>One event, <c>struct virtio_input_event</c> (virtio 1.3, section 5.8.6).</summary>
internal readonly record struct InputRequest(ushort Type, ushort Code, uint Value)
{
    public const int Size = 8;

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(destination, Type);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], Code);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], Value);
    }
}
