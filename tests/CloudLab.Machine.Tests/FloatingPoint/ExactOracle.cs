using System.Numerics;
using CloudLab.Machine.Rv64.FloatingPoint;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>The operations as IEEE 754 and the RISC-V manual word them, on rational numbers of unlimited size.</summary>
internal sealed class ExactOracle(FloatFormat format)
{
    public ulong Add(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        ExactNumber x = Decode(a);
        ExactNumber y = Decode(b);
        if (x.IsNaN || y.IsNaN) return NaN(x.IsSignaling || y.IsSignaling, ref flags);
        if (x.IsInfinite && y.IsInfinite && x.Negative != y.Negative) return NaN(true, ref flags);
        if (x.IsInfinite) return a;
        if (y.IsInfinite) return b;
        return Sum(x, y, rm, ref flags);
    }

    public ulong Subtract(ulong a, ulong b, RoundingMode rm, ref uint flags) => Add(a, b ^ format.Sign, rm, ref flags);

    public ulong Multiply(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        ExactNumber x = Decode(a);
        ExactNumber y = Decode(b);
        bool negative = x.Negative != y.Negative;
        if (x.IsNaN || y.IsNaN) return NaN(x.IsSignaling || y.IsSignaling, ref flags);
        if ((x.IsInfinite && y.IsZero) || (x.IsZero && y.IsInfinite)) return NaN(true, ref flags);
        if (x.IsInfinite || y.IsInfinite) return Signed(negative, format.Infinity);
        if (x.IsZero || y.IsZero) return Signed(negative, 0);
        return Round(x.Significand * y.Significand, 1, x.Exponent + y.Exponent, negative, rm, ref flags);
    }

    public ulong Divide(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        ExactNumber x = Decode(a);
        ExactNumber y = Decode(b);
        bool negative = x.Negative != y.Negative;
        if (x.IsNaN || y.IsNaN) return NaN(x.IsSignaling || y.IsSignaling, ref flags);
        if ((x.IsInfinite && y.IsInfinite) || (x.IsZero && y.IsZero)) return NaN(true, ref flags);
        if (x.IsInfinite) return Signed(negative, format.Infinity);
        if (x.IsZero || y.IsInfinite) return Signed(negative, 0);
        if (y.IsZero)
        {
            flags |= FloatFlags.DZ;
            return Signed(negative, format.Infinity);
        }

        return Round(x.Significand, y.Significand, x.Exponent - y.Exponent, negative, rm, ref flags);
    }

    public ulong SquareRoot(ulong a, RoundingMode rm, ref uint flags)
    {
        ExactNumber x = Decode(a);
        if (x.IsNaN) return NaN(x.IsSignaling, ref flags);
        if (x.IsZero) return a;
        if (x.Negative) return NaN(true, ref flags);
        if (x.IsInfinite) return a;
        (BigInteger numerator, BigInteger denominator) = Fraction(x.Significand, 1, x.Exponent);
        return new ExactRounding(numerator, denominator, true, false, rm).ToFormat(format, ref flags);
    }

    public ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, RoundingMode rm, ref uint flags)
    {
        ExactNumber x = Decode(a);
        ExactNumber y = Decode(b);
        ExactNumber z = Decode(c);
        bool negative = x.Negative != y.Negative;
        bool invalidProduct = (x.IsInfinite && y.IsZero) || (x.IsZero && y.IsInfinite);
        if (x.IsNaN || y.IsNaN || z.IsNaN)
            return NaN(x.IsSignaling || y.IsSignaling || z.IsSignaling || invalidProduct, ref flags);
        if (invalidProduct) return NaN(true, ref flags);
        if (x.IsInfinite || y.IsInfinite)
        {
            return z.IsInfinite && z.Negative != negative ? NaN(true, ref flags) : Signed(negative, format.Infinity);
        }

        if (z.IsInfinite) return c;
        var product = new ExactNumber(negative, false, false, false, x.Significand * y.Significand, x.Exponent + y.Exponent);
        return Sum(product, z, rm, ref flags);
    }

    public ulong Min(ulong a, ulong b, ref uint flags) => Extreme(a, b, -1, ref flags);

    public ulong Max(ulong a, ulong b, ref uint flags) => Extreme(a, b, 1, ref flags);

    /// <summary>−1, 0 or 1; null for unordered, which raises NV for a signaling NaN, or for any when so asked.</summary>
    public int? Compare(ulong a, ulong b, bool signaling, ref uint flags)
    {
        ExactNumber x = Decode(a);
        ExactNumber y = Decode(b);
        if (!x.IsNaN && !y.IsNaN) return Order(x, y);
        if (signaling || x.IsSignaling || y.IsSignaling) flags |= FloatFlags.NV;
        return null;
    }

    public ulong Classify(ulong a)
    {
        ExactNumber x = Decode(a);
        if (x.IsNaN) return x.IsSignaling ? 1UL << 8 : 1UL << 9;
        if (x.IsInfinite) return x.Negative ? 1UL << 0 : 1UL << 7;
        if (x.IsZero) return x.Negative ? 1UL << 3 : 1UL << 4;
        bool normal = x.Significand.GetBitLength() == format.Precision;
        return x.Negative ? (normal ? 1UL << 1 : 1UL << 2) : (normal ? 1UL << 6 : 1UL << 5);
    }

    public BigInteger ToInteger(ulong a, BigInteger min, BigInteger max, RoundingMode rm, ref uint flags)
    {
        ExactNumber x = Decode(a);
        uint raised = 0;
        BigInteger result = x.Negative && !x.IsNaN ? min - 1 : max + 1;
        if (!x.IsNaN && !x.IsInfinite)
        {
            (BigInteger numerator, BigInteger denominator) = Fraction(x.Significand, 1, x.Exponent);
            (BigInteger magnitude, bool inexact) = new ExactRounding(numerator, denominator, false, x.Negative, rm).ToMultipleOf(0);
            result = x.Negative ? -magnitude : magnitude;
            if (inexact) raised = FloatFlags.NX;
        }

        if (result < min || result > max) raised = FloatFlags.NV;
        flags |= raised;
        return BigInteger.Clamp(result, min, max);
    }

    public ulong FromInteger(BigInteger value, RoundingMode rm, ref uint flags) =>
        value.IsZero ? 0 : Round(BigInteger.Abs(value), 1, 0, value < 0, rm, ref flags);

    public ulong FromFormat(FloatFormat source, ulong a, RoundingMode rm, ref uint flags)
    {
        ExactNumber x = ExactNumber.Decode(source, a);
        if (x.IsNaN) return NaN(x.IsSignaling, ref flags);
        if (x.IsInfinite) return Signed(x.Negative, format.Infinity);
        return x.IsZero ? Signed(x.Negative, 0) : Round(x.Significand, 1, x.Exponent, x.Negative, rm, ref flags);
    }

    private ExactNumber Decode(ulong bits) => ExactNumber.Decode(format, bits);

    private ulong Signed(bool negative, ulong magnitude) => negative ? magnitude | format.Sign : magnitude;

    private ulong NaN(bool invalid, ref uint flags)
    {
        if (invalid) flags |= FloatFlags.NV;
        return format.CanonicalNaN;
    }

    private ulong Sum(ExactNumber x, ExactNumber y, RoundingMode rm, ref uint flags)
    {
        int exponent = Math.Min(x.Exponent, y.Exponent);
        BigInteger sum = x.Scaled(exponent) + y.Scaled(exponent);
        if (!sum.IsZero) return Round(BigInteger.Abs(sum), 1, exponent, sum < 0, rm, ref flags);
        bool bothNegative = x.Negative && y.Negative;
        bool opposite = x.Negative != y.Negative;
        return Signed(bothNegative || (opposite && rm == RoundingMode.Rdn), 0);
    }

    private ulong Extreme(ulong a, ulong b, int wanted, ref uint flags)
    {
        ExactNumber x = Decode(a);
        ExactNumber y = Decode(b);
        if (x.IsSignaling || y.IsSignaling) flags |= FloatFlags.NV;
        if (x.IsNaN) return y.IsNaN ? format.CanonicalNaN : b;
        if (y.IsNaN) return a;
        int order = Order(x, y);
        if (order == 0) order = y.Negative.CompareTo(x.Negative); // Zeros: the negative one is less.
        return order == wanted ? a : b;
    }

    private static int Order(ExactNumber x, ExactNumber y)
    {
        if (x.IsInfinite || y.IsInfinite) return Rank(x).CompareTo(Rank(y));
        int exponent = Math.Min(x.Exponent, y.Exponent);
        return x.Scaled(exponent).CompareTo(y.Scaled(exponent));
    }

    private static int Rank(ExactNumber x) => !x.IsInfinite ? 0 : x.Negative ? -1 : 1;

    private ulong Round(BigInteger numerator, BigInteger denominator, int exponent, bool negative, RoundingMode rm, ref uint flags)
    {
        (numerator, denominator) = Fraction(numerator, denominator, exponent);
        return new ExactRounding(numerator, denominator, false, negative, rm).ToFormat(format, ref flags);
    }

    private static (BigInteger Numerator, BigInteger Denominator) Fraction(BigInteger numerator, BigInteger denominator, int exponent) =>
        exponent < 0 ? (numerator, denominator << -exponent) : (numerator << exponent, denominator);
}
