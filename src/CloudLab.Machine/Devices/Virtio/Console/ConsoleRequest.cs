using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Console;

/// <summary>A control message, <c>struct virtio_console_control</c> (virtio 1.3, section 5.3.6.2).</summary>
internal readonly record struct ConsoleRequest(uint Port, ConsoleEvent Event, ushort Value)
{
    public const int Size = 8;

    public static ConsoleRequest Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        (ConsoleEvent)BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]));

    /// <summary>The message's bytes, followed by <paramref name="text"/>.</summary>
    public byte[] ToArray(ReadOnlySpan<byte> text = default)
    {
        byte[] bytes = new byte[Size + text.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Port);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), (ushort)Event);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), Value);
        text.CopyTo(bytes.AsSpan(Size));
        return bytes;
    }
}
