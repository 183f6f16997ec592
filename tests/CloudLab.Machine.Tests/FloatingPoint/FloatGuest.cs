using System.Buffers.Binary;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>
/// A riscv64 Linux program of a few instructions, assembled here so that no toolchain is needed. It reads records of
/// four 64-bit words (a, b, c, rounding mode) from standard input to its end, executes one instruction on each, and
/// writes them all back with the result and <c>fflags</c> in the first two words.
/// </summary>
internal static class FloatGuest
{
    public const int RecordSize = 32;

    private const uint Base = 0x10000;
    private const uint Buffer = 0x100000;
    private const int HeaderSize = 64 + 56;

    private const uint Zero = 0, T0 = 5, T1 = 6, S0 = 8, S1 = 9, A0 = 10, A1 = 11, A2 = 12, A7 = 17, S2 = 18;

    public static byte[] Assemble(FloatOperation operation, int maxRecords)
    {
        uint storeResult = operation.Result == ValueKind.Integer ? Store(A0, S2, 0, 0x23) : Store(3, S2, 0, 0x27);
        uint[] code =
        [
            LoadUpper(S0, Buffer),
            AddImmediate(S1, S0, 0),

            // read: until the end of input, S1 behind the last byte.
            AddImmediate(A0, Zero, 0),
            AddImmediate(A1, S1, 0),
            LoadUpper(A2, 1 << 20),
            AddImmediate(A7, Zero, 63),
            SystemCall,
            BranchIfNotLess(Zero, A0, 3),
            Add(S1, S1, A0),
            Jump(-7),

            // compute:
            AddImmediate(S2, S0, 0),
            BranchIfNotLess(S2, S1, 14),
            Load(0, S2, 0, 0x07),
            Load(1, S2, 8, 0x07),
            Load(2, S2, 16, 0x07),
            Load(A0, S2, 0, 0x03),
            Load(T0, S2, 24, 0x03),
            WriteCsr(0x002, T0),
            WriteCsr(0x001, Zero),
            operation.Instruction,
            ReadCsr(T1, 0x001),
            storeResult,
            Store(T1, S2, 8, 0x23),
            AddImmediate(S2, S2, RecordSize),
            Jump(-13),

            // write:
            AddImmediate(S2, S0, 0),
            Subtract(A2, S1, S2),
            BranchIfNotLess(Zero, A2, 8),
            AddImmediate(A0, Zero, 1),
            AddImmediate(A1, S2, 0),
            AddImmediate(A7, Zero, 64),
            SystemCall,
            BranchIfNotLess(Zero, A0, 3),
            Add(S2, S2, A0),
            Jump(-8),

            // exit:
            AddImmediate(A0, Zero, 0),
            AddImmediate(A7, Zero, 93),
            SystemCall,
        ];

        byte[] image = new byte[HeaderSize + (code.Length * 4)];
        WriteHeaders(image, memorySize: Buffer - Base + (ulong)(maxRecords * RecordSize) + (1 << 20));
        for (int i = 0; i < code.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(HeaderSize + (i * 4)), code[i]);
        return image;
    }

    // ELF-64 header and one loadable segment that is readable, writable and executable.
    private static void WriteHeaders(Span<byte> image, ulong memorySize)
    {
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(image);
        BinaryPrimitives.WriteUInt16LittleEndian(image[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(image[18..], 243); // EM_RISCV
        BinaryPrimitives.WriteUInt32LittleEndian(image[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(image[24..], Base + HeaderSize); // entry
        BinaryPrimitives.WriteUInt64LittleEndian(image[32..], 64); // program headers
        BinaryPrimitives.WriteUInt32LittleEndian(image[48..], 4); // EF_RISCV_FLOAT_ABI_DOUBLE
        BinaryPrimitives.WriteUInt16LittleEndian(image[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(image[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(image[56..], 1);

        Span<byte> segment = image[64..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 7); // RWX
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)image.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], memorySize);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
    }

    private static uint SystemCall => 0x73;

    private static uint LoadUpper(uint rd, uint value) => value | (rd << 7) | 0x37;

    private static uint AddImmediate(uint rd, uint rs1, uint immediate) => (immediate << 20) | (rs1 << 15) | (rd << 7) | 0x13;

    private static uint Add(uint rd, uint rs1, uint rs2) => (rs2 << 20) | (rs1 << 15) | (rd << 7) | 0x33;

    private static uint Subtract(uint rd, uint rs1, uint rs2) => 0x4000_0000 | Add(rd, rs1, rs2);

    private static uint Load(uint rd, uint rs1, uint offset, uint opcode) =>
        (offset << 20) | (rs1 << 15) | (3 << 12) | (rd << 7) | opcode;

    private static uint Store(uint rs2, uint rs1, uint offset, uint opcode) =>
        (rs2 << 20) | (rs1 << 15) | (3 << 12) | (offset << 7) | opcode;

    private static uint WriteCsr(uint csr, uint rs1) => (csr << 20) | (rs1 << 15) | (1 << 12) | 0x73;

    private static uint ReadCsr(uint rd, uint csr) => (csr << 20) | (2 << 12) | (rd << 7) | 0x73;

    /// <summary>BGE, forward by up to 15 instructions.</summary>
    private static uint BranchIfNotLess(uint rs1, uint rs2, uint instructions) =>
        ((instructions * 4 >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (5 << 12) | ((instructions * 4 & 0x1e) << 7) | 0x63;

    /// <summary>JAL without a link, by instructions.</summary>
    private static uint Jump(int instructions)
    {
        uint offset = (uint)(instructions * 4);
        return ((offset >> 20) << 31) | ((offset & 0x7fe) << 20) | ((offset & 0x800) << 9) | (offset & 0xff000) | 0x6f;
    }
}
