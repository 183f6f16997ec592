using System.Diagnostics;
using System.Numerics;

namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// The arithmetic operations in integer arithmetic, exact for every operand and rounding mode (IEEE 754-2019, clauses 5.4.1,
/// 6 and 7). An operation computes enough bits of the exact result for one rounding by <see cref="Rounding{TFormat}"/>.
/// </summary>
internal static class Arithmetic<TFormat>
    where TFormat : struct, IBinaryFormat
{
    public static ulong Add(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        bool aNegative = Bits<TFormat>.IsNegative(a);
        bool bNegative = Bits<TFormat>.IsNegative(b);
        if (!Bits<TFormat>.IsFinite(a) || !Bits<TFormat>.IsFinite(b))
        {
            if (Bits<TFormat>.IsNaN(a) || Bits<TFormat>.IsNaN(b)) return Bits<TFormat>.QuietNaN(a, b, ref flags);
            if (Bits<TFormat>.IsFinite(a)) return b;
            if (Bits<TFormat>.IsFinite(b) || aNegative == bNegative) return a;
            return Bits<TFormat>.Invalid(ref flags);
        }

        if (Bits<TFormat>.Magnitude(b) == 0)
            return Bits<TFormat>.Magnitude(a) == 0 ? Rounding<TFormat>.ZeroSum(aNegative, bNegative, rm) : a;
        if (Bits<TFormat>.Magnitude(a) == 0) return b;

        Unpacked large = Bits<TFormat>.Unpack(a);
        Unpacked small = Bits<TFormat>.Unpack(b);
        if (Bits<TFormat>.Magnitude(a) < Bits<TFormat>.Magnitude(b)) (large, small) = (small, large);
        ulong addend = Unpacked.ShiftRightSticky(small.Significand, large.Exponent - small.Exponent);
        return aNegative == bNegative
            ? Carry(large.Negative, large.Exponent, large.Significand + addend, rm, ref flags)
            : Normalize(large.Negative, large.Exponent, large.Significand - addend, rm, ref flags);
    }

    public static ulong Multiply(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        bool negative = Bits<TFormat>.IsNegative(a ^ b);
        if (!Bits<TFormat>.IsFinite(a) || !Bits<TFormat>.IsFinite(b))
        {
            if (Bits<TFormat>.IsNaN(a) || Bits<TFormat>.IsNaN(b)) return Bits<TFormat>.QuietNaN(a, b, ref flags);
            if (Bits<TFormat>.Magnitude(a) == 0 || Bits<TFormat>.Magnitude(b) == 0) return Bits<TFormat>.Invalid(ref flags);
            return Bits<TFormat>.WithSign(negative, Bits<TFormat>.Infinity);
        }

        if (Bits<TFormat>.Magnitude(a) == 0 || Bits<TFormat>.Magnitude(b) == 0) return Bits<TFormat>.WithSign(negative, 0);

        Unpacked x = Bits<TFormat>.Unpack(a);
        Unpacked y = Bits<TFormat>.Unpack(b);
        ulong high = Math.BigMul(x.Significand << 1, y.Significand << 1, out ulong low);
        return Carry(negative, x.Exponent + y.Exponent, high | (low == 0 ? 0UL : 1UL), rm, ref flags);
    }

    public static ulong Divide(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        bool negative = Bits<TFormat>.IsNegative(a ^ b);
        if (!Bits<TFormat>.IsFinite(a) || !Bits<TFormat>.IsFinite(b))
        {
            if (Bits<TFormat>.IsNaN(a) || Bits<TFormat>.IsNaN(b)) return Bits<TFormat>.QuietNaN(a, b, ref flags);
            if (Bits<TFormat>.IsFinite(a)) return Bits<TFormat>.WithSign(negative, 0);
            if (Bits<TFormat>.IsFinite(b)) return Bits<TFormat>.WithSign(negative, Bits<TFormat>.Infinity);
            return Bits<TFormat>.Invalid(ref flags);
        }

        if (Bits<TFormat>.Magnitude(b) == 0)
        {
            if (Bits<TFormat>.Magnitude(a) == 0) return Bits<TFormat>.Invalid(ref flags);
            flags |= FloatFlags.DZ;
            return Bits<TFormat>.WithSign(negative, Bits<TFormat>.Infinity);
        }

        if (Bits<TFormat>.Magnitude(a) == 0) return Bits<TFormat>.WithSign(negative, 0);

        Unpacked x = Bits<TFormat>.Unpack(a);
        Unpacked y = Bits<TFormat>.Unpack(b);
        ulong quotient = Roots.Quotient(x.Significand, y.Significand);
        return Normalize(negative, x.Exponent - y.Exponent, quotient, rm, ref flags);
    }

    public static ulong SquareRoot(ulong a, RoundingMode rm, ref uint flags)
    {
        if (Bits<TFormat>.IsNaN(a)) return Bits<TFormat>.QuietNaN(a, a, ref flags);
        if (Bits<TFormat>.Magnitude(a) == 0) return a;
        if (Bits<TFormat>.IsNegative(a)) return Bits<TFormat>.Invalid(ref flags);
        if (!Bits<TFormat>.IsFinite(a)) return a;

        Unpacked x = Bits<TFormat>.Unpack(a);
        ulong root = Roots.SquareRoot(x.Significand, odd: (x.Exponent & 1) != 0);
        return Rounding<TFormat>.Pack(new Unpacked(false, x.Exponent >> 1, root), rm, ref flags);
    }

    /// <summary>a × b + c, rounded once.</summary>
    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, RoundingMode rm, ref uint flags)
    {
        bool negative = Bits<TFormat>.IsNegative(a ^ b);
        if (!Bits<TFormat>.IsFinite(a) || !Bits<TFormat>.IsFinite(b)) return FusedSpecial(a, b, c, ref flags);
        if (!Bits<TFormat>.IsFinite(c)) return Bits<TFormat>.IsNaN(c) ? Bits<TFormat>.QuietNaN(c, c, ref flags) : c;
        if (Bits<TFormat>.Magnitude(a) == 0 || Bits<TFormat>.Magnitude(b) == 0)
        {
            return Bits<TFormat>.Magnitude(c) == 0
                ? Rounding<TFormat>.ZeroSum(negative, Bits<TFormat>.IsNegative(c), rm)
                : c;
        }

        Unpacked x = Bits<TFormat>.Unpack(a);
        Unpacked y = Bits<TFormat>.Unpack(b);
        if (Bits<TFormat>.Magnitude(c) == 0)
        {
            ulong high = Math.BigMul(x.Significand << 1, y.Significand << 1, out ulong low);
            return Carry(negative, x.Exponent + y.Exponent, high | (low == 0 ? 0UL : 1UL), rm, ref flags);
        }

        return FusedSum(negative, x, y, Bits<TFormat>.Unpack(c), rm, ref flags);
    }

    // In 128 bits with the leading one at bit 126 or 125, so that a carry has room and no bit of the product is lost.
    private static ulong FusedSum(bool negative, Unpacked x, Unpacked y, Unpacked z, RoundingMode rm, ref uint flags)
    {
        ulong high = Math.BigMul(x.Significand << 1, y.Significand, out ulong low);
        var product = new UInt128(high, low);
        var addend = new UInt128(z.Significand, 0);
        int exponent = x.Exponent + y.Exponent + 1;

        int distance = exponent - z.Exponent;
        if (distance >= 0)
        {
            addend = Unpacked.ShiftRightSticky(addend, distance);
        }
        else
        {
            product = Unpacked.ShiftRightSticky(product, -distance);
            exponent = z.Exponent;
        }

        UInt128 sum;
        if (negative == z.Negative)
        {
            sum = product + addend;
        }
        else if (product >= addend)
        {
            sum = product - addend;
        }
        else
        {
            sum = addend - product;
            negative = z.Negative;
        }

        if (sum == UInt128.Zero) return Rounding<TFormat>.ZeroSum(true, false, rm);
        int shift = (int)UInt128.LeadingZeroCount(sum) - 1;
        sum = shift < 0 ? Unpacked.ShiftRightSticky(sum, 1) : sum << shift;
        ulong significand = (ulong)(sum >> 64) | ((ulong)sum == 0 ? 0UL : 1UL);
        return Rounding<TFormat>.Pack(new Unpacked(negative, exponent - shift, significand), rm, ref flags);
    }

    // One factor or both are infinite or NaN.
    private static ulong FusedSpecial(ulong a, ulong b, ulong c, ref uint flags)
    {
        bool anyNaN = Bits<TFormat>.IsNaN(a) || Bits<TFormat>.IsNaN(b);
        if (!anyNaN && (Bits<TFormat>.Magnitude(a) == 0 || Bits<TFormat>.Magnitude(b) == 0))
            return Bits<TFormat>.Invalid(ref flags); // RISC-V: ∞ × 0 + NaN raises NV too.
        if (anyNaN || Bits<TFormat>.IsNaN(c))
        {
            Bits<TFormat>.QuietNaN(a, b, ref flags);
            return Bits<TFormat>.QuietNaN(c, c, ref flags);
        }

        ulong product = Bits<TFormat>.WithSign(Bits<TFormat>.IsNegative(a ^ b), Bits<TFormat>.Infinity);
        if (!Bits<TFormat>.IsFinite(c) && c != product) return Bits<TFormat>.Invalid(ref flags);
        return product;
    }

    // The leading one is bit 62 or 63.
    private static ulong Carry(bool negative, int exponent, ulong significand, RoundingMode rm, ref uint flags)
    {
        int carry = (int)(significand >> 63);
        significand = (significand >> carry) | (significand & (ulong)carry);
        return Rounding<TFormat>.Pack(new Unpacked(negative, exponent + carry, significand), rm, ref flags);
    }

    // The leading one is bit 62 or below, or there is none.
    private static ulong Normalize(bool negative, int exponent, ulong significand, RoundingMode rm, ref uint flags)
    {
        Debug.Assert(significand >> 63 == 0, "a sum that can carry goes through Carry");
        if (significand == 0) return Rounding<TFormat>.ZeroSum(true, false, rm);
        int shift = BitOperations.LeadingZeroCount(significand) - 1;
        return Rounding<TFormat>.Pack(new Unpacked(negative, exponent - shift, significand << shift), rm, ref flags);
    }
}
