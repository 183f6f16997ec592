using System.Buffers.Binary;

namespace CloudLab.Server.Tests.Harness;

/// <summary>A guest of 22 instructions: says "OK", echoes what is typed, and powers itself off at a 'q'.</summary>
internal static class EchoGuest
{
    /// <summary>The program, entered at its first byte in S-mode. t0 is the UART.</summary>
    public static byte[] Kernel { get; } = Assemble(
        0x100002B7, // lui   t0, 0x10000
        0x04F00313, // li    t1, 'O'
        0x00628023, // sb    t1, 0(t0)
        0x04B00313, // li    t1, 'K'
        0x00628023, // sb    t1, 0(t0)
        0x00A00313, // li    t1, '\n'
        0x00628023, // sb    t1, 0(t0)
        0x0052C303, // wait: lbu t1, 5(t0)      line status
        0x00137313, // andi  t1, t1, 1          is a byte there?
        0xFE030CE3, // beqz  t1, wait
        0x0002C383, // lbu   t2, 0(t0)
        0x07100E13, // li    t3, 'q'
        0x01C38663, // beq   t2, t3, off
        0x00728023, // sb    t2, 0(t0)
        0xFE5FF06F, // j     wait
        0x535258B7, // off:  lui a7, 0x53525    SBI SRST
        0x35488893, // addi  a7, a7, 0x354
        0x00000813, // li    a6, 0              reset
        0x00000513, // li    a0, 0              shutdown
        0x00000593, // li    a1, 0              no reason
        0x00000073, // ecall
        0x0000006F); // j    .

    private static byte[] Assemble(params uint[] words)
    {
        byte[] code = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(i * 4), words[i]);
        return code;
    }
}
