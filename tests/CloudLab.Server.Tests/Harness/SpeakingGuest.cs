using System.Buffers.Binary;

namespace CloudLab.Server.Tests.Harness;

/// <summary>A guest of 10 instructions, as an ELF: writes a byte that is no text to the serial line and ends by HTIF.</summary>
internal static class SpeakingGuest
{
    /// <summary>What it writes.</summary>
    public static byte[] Output { get; } = [0x80];

    /// <param name="code">What it ends with, 0 to 1023.</param>
    public static byte[] Kernel(int code) => Elf(
        0x100002B7, // lui   t0, 0x10000
        0x08000313, // li    t1, 0x80
        0x00628023, // sb    t1, 0(t0)
        0x00001297, // auipc t0, 1
        0xFF428293, // addi  t0, t0, -12        tohost
        0x00000313 | (uint)((code << 1) | 1) << 20, // li t1, verdict
        0x0062B023, // sd    t1, 0(t0)
        0xFFDFF06F); // j    -4

    /// <summary>A guest that never ends.</summary>
    public static byte[] Endless { get; } = Elf(0x0000006F); // j .

    private static byte[] Elf(params uint[] code)
    {
        const ulong Ram = 0x8000_0000;
        byte[] file = new byte[0x300];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(file);
        Put(16, 2, 2); // ET_EXEC
        Put(18, 243, 2); // EM_RISCV
        Put(24, Ram, 8); // e_entry
        Put(32, 0x40, 8); // e_phoff
        Put(40, 0x200, 8); // e_shoff
        Put(54, 56, 2);
        Put(56, 1, 2); // e_phnum
        Put(58, 64, 2);
        Put(60, 3, 2); // e_shnum

        // One segment from file offset 0x80, two pages with the code first.
        Put(0x40, 1, 4);
        Put(0x48, 0x80, 8);
        Put(0x50, Ram, 8);
        Put(0x58, Ram, 8);
        Put(0x60, (ulong)code.Length * 4, 8);
        Put(0x68, 0x2000, 8);
        for (int i = 0; i < code.Length; i++) Put(0x80 + (i * 4), code[i], 4);

        // A symbol table with tohost, and its names.
        Put(0x244, 2, 4);
        Put(0x258, 0x100, 8);
        Put(0x260, 48, 8);
        Put(0x268, 2, 4);
        Put(0x118, 1, 4);
        Put(0x11e, 0xfff1, 2);
        Put(0x120, Ram + 0x1000, 8);
        Put(0x284, 3, 4);
        Put(0x298, 0x140, 8);
        Put(0x2a0, 8, 8);
        "\0tohost\0"u8.CopyTo(file.AsSpan(0x140));
        return file;

        void Put(int at, ulong value, int size)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
            bytes[..size].CopyTo(file.AsSpan(at));
        }
    }
}
