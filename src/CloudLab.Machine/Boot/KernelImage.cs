using System.Buffers.Binary;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot;

/// <summary>
/// The header of a RISC-V Linux <c>Image</c> (Linux Documentation/arch/riscv/boot-image-header.rst), or what stands in
/// for it when the kernel is a flat binary.
/// </summary>
/// <param name="LoadOffset">Where the image goes, in bytes from the start of RAM.</param>
/// <param name="Size">How many bytes from there the kernel takes, its zeroed data included.</param>
internal readonly record struct KernelImage(ulong LoadOffset, ulong Size)
{
    private const int HeaderLength = 64;
    private const uint Magic2 = 0x0543_5352; // "RSC\x05"

    /// <summary>Where a flat binary is loaded and entered: behind the firmware's 2 MiB.</summary>
    private const ulong FlatOffset = 2 << 20;

    /// <summary>Reads the header; what has none is a flat binary.</summary>
    public static KernelImage Parse(ImagePages pages)
    {
        if (pages.Length == 0) throw new MachineException("the kernel is empty");
        if (pages.Length < HeaderLength) return new KernelImage(FlatOffset, pages.MappedLength);
        Span<byte> header = stackalloc byte[HeaderLength];
        pages.Read(0, header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[56..]) != Magic2) return new KernelImage(FlatOffset, pages.MappedLength);
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        if (offset == 0 || offset % GuestMemory.PageSize != 0) throw new MachineException($"the kernel's text_offset 0x{offset:x} cannot be honoured");
        return new KernelImage(offset, Math.Max(size, pages.MappedLength));
    }
}
