using System.Buffers.Binary;
using System.Numerics;

namespace CloudLab.Machine.Tests.Rv64.Reference;

/// <summary>
/// RV64IMAC with <see cref="ReferenceBits"/> as the specification says it, in big integers and strings of bits: slow, and written to share no idea with
/// the interpreter. Untranslated memory; no CSRs. A step that would trap says so and changes nothing.
/// </summary>
internal sealed class ReferenceHart(ulong start, byte[] memory)
{
    public ulong[] X { get; } = new ulong[32];

    public ulong Pc { get; set; }

    public byte[] Memory { get; } = memory;

    private ulong? _reservation;

    /// <summary>Executes one instruction.</summary>
    /// <returns>The exception's cause and tval, or null.</returns>
    public (int Cause, ulong Value)? Step()
    {
        ulong low = Read(Pc, 2);
        bool isWide = (low & 3) == 3;
        uint i = isWide ? (uint)Read(Pc, 4) : ReferenceCompressed.Expand((ushort)low) ?? 0;
        uint raw = isWide ? i : (uint)low;
        return Execute(i, raw, isWide ? 4UL : 2UL);
    }

    private (int Cause, ulong Value)? Execute(uint i, uint raw, ulong length)
    {
        uint rd = Field(i, 7, 5), rs1 = Field(i, 15, 5), rs2 = Field(i, 20, 5), f3 = Field(i, 12, 3), f7 = Field(i, 25, 7);
        ulong a = X[rs1], b = X[rs2];
        ulong immediate = Extend(Field(i, 20, 12), 12);
        ulong next = Pc + length;
        switch (Field(i, 0, 7))
        {
            case 0b0110111: return Retire(rd, Extend(i & 0xffff_f000, 32), next);
            case 0b0010111: return Retire(rd, Pc + Extend(i & 0xffff_f000, 32), next);
            case 0b1101111: return Retire(rd, next, Pc + Extend(JumpOffset(i), 21));
            case 0b1100111 when f3 == 0: return Retire(rd, next, (a + immediate) / 2 * 2);
            case 0b1100011 when Taken(f3, a, b) is { } taken: return Retire(0, 0, taken ? Pc + Extend(BranchOffset(i), 13) : next);
            case 0b0000011 when f3 != 7: return Load(rd, a + immediate, f3, next);
            case 0b0100011 when f3 <= 3: return Store(a + Extend(f7 << 5 | rd, 12), b, 1 << (int)f3, next);
            case 0b0010011 when Arithmetic(f3, f3 is 1 or 5 ? Field(i, 26, 6) << 1 : 0, a, f3 is 1 or 5 ? immediate & 63 : immediate) is { } value:
                return Retire(rd, value, next);
            case 0b0110011 when (f7 == 1 ? Multiply(f3, a, b) : Arithmetic(f3, f7, a, b)) is { } value:
                return Retire(rd, value, next);
            case 0b0011011 when f3 is 0 or 1 or 5 && ArithmeticWord(f3, f3 == 0 ? 0 : f7, a, f3 == 0 ? immediate : rs2) is { } value:
                return Retire(rd, value, next);
            case 0b0111011 when (f7 == 1 ? MultiplyWord(f3, a, b) : ArithmeticWord(f3, f7, a, b)) is { } value:
                return Retire(rd, value, next);
            case 0b0110011 or 0b0111011 when ReferenceBits.Register(Field(i, 0, 7), f7, f3, rs2, a, b) is { } value:
                return Retire(rd, value, next);
            case 0b0010011 or 0b0011011 when ReferenceBits.Immediate(Field(i, 0, 7), f3, Field(i, 20, 12), a) is { } value:
                return Retire(rd, value, next);
            case 0b0101111 when f3 is 2 or 3: return Atomic(i, rd, a, b, 1 << (int)f3, next, raw);
            case 0b0001111 when f3 <= 1: return Retire(0, 0, next);
            default: return (2, raw);
        }
    }

    private (int Cause, ulong Value)? Retire(uint rd, ulong value, ulong next)
    {
        if (rd != 0) X[rd] = value;
        Pc = next;
        return null;
    }

    private (int Cause, ulong Value)? Load(uint rd, ulong address, uint f3, ulong next)
    {
        int size = 1 << (int)(f3 & 3);
        if (!Contains(address, size)) return (5, address);
        ulong value = Read(address, size);
        return Retire(rd, f3 >= 4 ? value : Extend(value, size * 8), next);
    }

    private (int Cause, ulong Value)? Store(ulong address, ulong value, int size, ulong next)
    {
        if (!Contains(address, size)) return (7, address);
        Write(address, value, size);
        return Retire(0, 0, next);
    }

    private (int Cause, ulong Value)? Atomic(uint i, uint rd, ulong address, ulong source, int size, ulong next, uint raw)
    {
        uint function = Field(i, 27, 5);
        bool isLoad = function == 0b00010;
        if (isLoad && Field(i, 20, 5) != 0) return (2, raw);
        if (!isLoad && function is not (0 or 1 or 3 or 4 or 8 or 12 or 16 or 20 or 24 or 28)) return (2, raw);
        if (address % (ulong)size != 0) return (isLoad ? 4 : 6, address);
        if (!Contains(address, size)) return (isLoad ? 5 : 7, address);
        ulong old = Extend(Read(address, size), size * 8);
        if (isLoad)
        {
            _reservation = address;
            return Retire(rd, old, next);
        }

        if (function == 3)
        {
            bool succeeds = _reservation == address;
            _reservation = null;
            if (succeeds) Write(address, source, size);
            return Retire(rd, succeeds ? 0UL : 1, next);
        }

        source = Extend(source, size * 8);
        ulong mask = size == 8 ? ulong.MaxValue : uint.MaxValue;
        ulong value = function switch
        {
            0 => old + source,
            1 => source,
            4 => old ^ source,
            8 => old | source,
            12 => old & source,
            16 => (long)old < (long)source ? old : source,
            20 => (long)old > (long)source ? old : source,
            24 => (old & mask) < (source & mask) ? old : source,
            _ => (old & mask) > (source & mask) ? old : source,
        };
        Write(address, value, size);
        return Retire(rd, old, next);
    }

    private static bool? Taken(uint f3, ulong a, ulong b) => f3 switch
    {
        0 => a == b,
        1 => a != b,
        4 => Signed(a) < Signed(b),
        5 => Signed(a) >= Signed(b),
        6 => a < b,
        7 => a >= b,
        _ => null,
    };

    private static ulong? Arithmetic(uint f3, uint f7, ulong a, ulong b) => (f7, f3) switch
    {
        (0, 0) => Truncate(new BigInteger(a) + b),
        (0x20, 0) => Truncate(new BigInteger(a) - b),
        (0, 1) => Truncate(new BigInteger(a) << (int)(b % 64)),
        (0, 2) => Signed(a) < Signed(b) ? 1UL : 0,
        (0, 3) => a < b ? 1UL : 0,
        (0, 4) => a ^ b,
        (0, 5) => Truncate(new BigInteger(a) >> (int)(b % 64)),
        (0x20, 5) => Truncate(Signed(a) >> (int)(b % 64)),
        (0, 6) => a | b,
        (0, 7) => a & b,
        _ => null,
    };

    private static ulong? Multiply(uint f3, ulong a, ulong b) => f3 switch
    {
        0 => Truncate(Signed(a) * Signed(b)),
        1 => Truncate((Signed(a) * Signed(b)) >> 64),
        2 => Truncate((Signed(a) * b) >> 64),
        3 => Truncate((new BigInteger(a) * b) >> 64),
        4 => b == 0 ? ulong.MaxValue : Truncate(BigInteger.Divide(Signed(a), Signed(b))),
        5 => b == 0 ? ulong.MaxValue : Truncate(BigInteger.Divide(a, b)),
        6 => b == 0 ? a : Truncate(BigInteger.Remainder(Signed(a), Signed(b))),
        _ => b == 0 ? a : Truncate(BigInteger.Remainder(a, b)),
    };

    private static ulong? ArithmeticWord(uint f3, uint f7, ulong a, ulong b)
    {
        BigInteger n = new(a % (1UL << 32));
        BigInteger? wide = (f7, f3) switch
        {
            (0, 0) => n + b,
            (0x20, 0) => n - b,
            (0, 1) => n << (int)(b % 32),
            (0, 5) => n >> (int)(b % 32),
            (0x20, 5) => Signed(Extend(a, 32)) >> (int)(b % 32),
            _ => null,
        };
        return wide is { } value ? Extend(Truncate(value), 32) : null;
    }

    private static ulong? MultiplyWord(uint f3, ulong a, ulong b)
    {
        BigInteger n = Signed(Extend(a, 32)), d = Signed(Extend(b, 32));
        BigInteger un = new(a % (1UL << 32)), ud = new(b % (1UL << 32));
        BigInteger? wide = f3 switch
        {
            0 => n * d,
            4 => d.IsZero ? BigInteger.MinusOne : BigInteger.Divide(n, d),
            5 => ud.IsZero ? BigInteger.MinusOne : BigInteger.Divide(un, ud),
            6 => d.IsZero ? n : BigInteger.Remainder(n, d),
            7 => ud.IsZero ? un : BigInteger.Remainder(un, ud),
            _ => null,
        };
        return wide is { } value ? Extend(Truncate(value), 32) : null;
    }

    private static uint JumpOffset(uint i) =>
        Field(i, 31, 1) * (1 << 20) + Field(i, 12, 8) * (1 << 12) + Field(i, 20, 1) * (1 << 11) + Field(i, 21, 10) * 2;

    private static uint BranchOffset(uint i) =>
        Field(i, 31, 1) * (1 << 12) + Field(i, 7, 1) * (1 << 11) + Field(i, 25, 6) * (1 << 5) + Field(i, 8, 4) * 2;

    private static uint Field(uint i, int low, int width) => i >> low & (uint)((1L << width) - 1);

    /// <summary>The low <paramref name="width"/> bits as a two's complement number.</summary>
    private static ulong Extend(ulong value, int width)
    {
        if (width == 64) return value;
        ulong modulus = 1UL << width;
        value %= modulus;
        return value >= modulus / 2 ? value - modulus : value;
    }

    private static BigInteger Signed(ulong value) => value >= 1UL << 63 ? new BigInteger(value) - (BigInteger.One << 64) : value;

    private static ulong Truncate(BigInteger value) => (ulong)(value & ulong.MaxValue);

    private bool Contains(ulong address, int size) => address >= start && address - start <= (ulong)(Memory.Length - size);

    private ulong Read(ulong address, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        Memory.AsSpan((int)(address - start), size).CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void Write(ulong address, ulong value, int size)
    {
        for (int i = 0; i < size; i++) Memory[(int)(address - start) + i] = (byte)(value >> (8 * i));
    }
}
