using System.Buffers.Binary;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot.Elf;

/// <summary>Reads numbers from a file whose every offset and length may be a lie.</summary>
internal sealed class ElfImage(ImagePages pages)
{
    /// <summary>Reads a part of the file.</summary>
    /// <param name="offset">Where it begins, in bytes.</param>
    /// <param name="length">How long it is; the caller has bounded it.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="MachineException">The file ends before.</exception>
    public byte[] Read(ulong offset, int length, string what)
    {
        Check(offset, (ulong)length, what);
        byte[] bytes = new byte[length];
        pages.Read(offset, bytes);
        return bytes;
    }

    /// <summary>Holds a range against the file's length.</summary>
    /// <exception cref="MachineException">It is not all in the file.</exception>
    public void Check(ulong offset, ulong length, string what)
    {
        if (offset > pages.Length || length > pages.Length - offset) throw Unusable($"{what} lies beyond the end of the file");
    }

    public static ushort Half(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(offset));

    public static uint Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    public static ulong Long(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));

    public static MachineException Unusable(string reason) => new($"the ELF kernel cannot be loaded: {reason}");
}
