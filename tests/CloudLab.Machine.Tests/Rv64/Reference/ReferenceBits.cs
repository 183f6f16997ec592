namespace CloudLab.Machine.Tests.Rv64.Reference;

/// <summary>Zba, Zbb, Zbs and Zicond as the specification describes them, on strings of bits where it speaks of bits.</summary>
internal static class ReferenceBits
{
    /// <summary>The result of a register-register instruction; null when there is none of this encoding.</summary>
    public static ulong? Register(uint opcode, uint f7, uint f3, uint rs2, ulong a, ulong b) => (opcode, f7, f3) switch
    {
        (0x33, 0x20, 4) => ~(a ^ b),
        (0x33, 0x20, 6) => a | ~b,
        (0x33, 0x20, 7) => a & ~b,
        (0x33, 0x05, 4) => (long)a < (long)b ? a : b,
        (0x33, 0x05, 5) => a < b ? a : b,
        (0x33, 0x05, 6) => (long)a > (long)b ? a : b,
        (0x33, 0x05, 7) => a > b ? a : b,
        (0x33, 0x07, 5) => b == 0 ? 0 : a,
        (0x33, 0x07, 7) => b != 0 ? 0 : a,
        (0x33, 0x10, 2) => b + (a * 2),
        (0x33, 0x10, 4) => b + (a * 4),
        (0x33, 0x10, 6) => b + (a * 8),
        (0x33, 0x14, 1) => WithBit(a, b, _ => '1'),
        (0x33, 0x24, 1) => WithBit(a, b, _ => '0'),
        (0x33, 0x34, 1) => WithBit(a, b, bit => bit == '0' ? '1' : '0'),
        (0x33, 0x24, 5) => Bits(a, 64)[63 - (int)(b % 64)] == '1' ? 1UL : 0,
        (0x33, 0x30, 1) => RotateRight(a, 64 - (b % 64), 64),
        (0x33, 0x30, 5) => RotateRight(a, b, 64),
        (0x3b, 0x04, 0) => b + (uint)a,
        (0x3b, 0x04, 4) when rs2 == 0 => (ushort)a,
        (0x3b, 0x10, 2) => b + ((ulong)(uint)a * 2),
        (0x3b, 0x10, 4) => b + ((ulong)(uint)a * 4),
        (0x3b, 0x10, 6) => b + ((ulong)(uint)a * 8),
        (0x3b, 0x30, 1) => Word(RotateRight((uint)a, 32 - (b % 32), 32)),
        (0x3b, 0x30, 5) => Word(RotateRight((uint)a, b, 32)),
        _ => null,
    };

    /// <summary>The result of an instruction with a 12-bit immediate.</summary>
    public static ulong? Immediate(uint opcode, uint f3, uint immediate, ulong a) => (opcode, f3, immediate) switch
    {
        (0x13, 1, 0x600) => (ulong)(Bits(a, 64) + "1").IndexOf('1', StringComparison.Ordinal),
        (0x13, 1, 0x601) => (ulong)(Reversed(Bits(a, 64)) + "1").IndexOf('1', StringComparison.Ordinal),
        (0x13, 1, 0x602) => (ulong)Bits(a, 64).Count(bit => bit == '1'),
        (0x13, 1, 0x604) => (ulong)(sbyte)a,
        (0x13, 1, 0x605) => (ulong)(short)a,
        (0x1b, 1, 0x600) => (ulong)(Bits((uint)a, 32) + "1").IndexOf('1', StringComparison.Ordinal),
        (0x1b, 1, 0x601) => (ulong)(Reversed(Bits((uint)a, 32)) + "1").IndexOf('1', StringComparison.Ordinal),
        (0x1b, 1, 0x602) => (ulong)Bits((uint)a, 32).Count(bit => bit == '1'),
        (0x13, 5, 0x287) => Bytes(a, b => b == 0 ? (byte)0 : (byte)0xff, isReversed: false),
        (0x13, 5, 0x6b8) => Bytes(a, b => b, isReversed: true),
        (0x13, 1, _) when immediate >> 6 == 0x280 >> 6 => WithBit(a, immediate, _ => '1'),
        (0x13, 1, _) when immediate >> 6 == 0x480 >> 6 => WithBit(a, immediate, _ => '0'),
        (0x13, 1, _) when immediate >> 6 == 0x680 >> 6 => WithBit(a, immediate, bit => bit == '0' ? '1' : '0'),
        (0x13, 5, _) when immediate >> 6 == 0x480 >> 6 => Bits(a, 64)[63 - (int)(immediate & 63)] == '1' ? 1UL : 0,
        (0x13, 5, _) when immediate >> 6 == 0x600 >> 6 => RotateRight(a, immediate, 64),
        (0x1b, 1, _) when immediate >> 6 == 0x080 >> 6 => (ulong)(uint)a << (int)(immediate & 63),
        (0x1b, 5, _) when immediate >> 5 == 0x600 >> 5 => Word(RotateRight((uint)a, immediate, 32)),
        _ => null,
    };

    private static string Bits(ulong value, int width) => Convert.ToString((long)value, 2).PadLeft(width, '0');

    private static string Reversed(string bits) => new([.. bits.Reverse()]);

    private static ulong WithBit(ulong value, ulong index, Func<char, char> change)
    {
        char[] bits = Bits(value, 64).ToCharArray();
        int place = 63 - (int)(index % 64);
        bits[place] = change(bits[place]);
        return Convert.ToUInt64(new string(bits), 2);
    }

    private static ulong RotateRight(ulong value, ulong count, int width)
    {
        string bits = Bits(value, width);
        int cut = width - (int)(count % (ulong)width);
        return Convert.ToUInt64(bits[cut..] + bits[..cut], 2);
    }

    private static ulong Bytes(ulong value, Func<byte, byte> change, bool isReversed)
    {
        byte[] bytes = [.. BitConverter.GetBytes(value).Select(change)];
        if (isReversed) Array.Reverse(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    private static ulong Word(ulong value) => (ulong)(int)(uint)value;
}
