using System.Numerics;
using CloudLab.Machine.Rv64.FloatingPoint;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>
/// Rounding from first principles: the exact magnitude is the fraction Numerator / Denominator, or that fraction's square
/// root, and is compared exactly with multiples of a power of two.
/// </summary>
internal readonly record struct ExactRounding(BigInteger Numerator, BigInteger Denominator, bool IsRoot, bool Negative, RoundingMode Mode)
{
    /// <summary>Rounds to a format, as if to an unlimited exponent range first to see tininess.</summary>
    public ulong ToFormat(FloatFormat format, ref uint flags)
    {
        int exponent = FloorLog2();
        (BigInteger unlimited, bool inexact) = ToMultipleOf(exponent - format.FractionBits);
        bool carried = unlimited == BigInteger.One << format.Precision;
        int roundedExponent = carried ? exponent + 1 : exponent;
        ulong sign = Negative ? format.Sign : 0;

        if (roundedExponent > format.MaxExponent)
        {
            flags |= FloatFlags.OF | FloatFlags.NX;
            bool awayFromZero = Mode is RoundingMode.Rne or RoundingMode.Rmm || Mode == (Negative ? RoundingMode.Rdn : RoundingMode.Rup);
            return sign | (awayFromZero ? format.Infinity : format.Infinity - 1);
        }

        if (exponent >= format.MinExponent)
        {
            if (inexact) flags |= FloatFlags.NX;
            ulong fraction = carried ? 0 : (ulong)unlimited - (1UL << format.FractionBits);
            return sign | ((ulong)(roundedExponent + format.MaxExponent) << format.FractionBits) | fraction;
        }

        (BigInteger limited, bool limitedInexact) = ToMultipleOf(format.MinExponent - format.FractionBits);
        if (limitedInexact) flags |= roundedExponent < format.MinExponent ? FloatFlags.NX | FloatFlags.UF : FloatFlags.NX;
        return sign | (ulong)limited; // 2^FractionBits is the encoding of the least normal number.
    }

    /// <summary>The nearest integer, in the rounding mode's sense, to the magnitude over 2^<paramref name="exponent"/>.</summary>
    public (BigInteger Rounded, bool Inexact) ToMultipleOf(int exponent)
    {
        int shift = IsRoot ? 2 * exponent : exponent;
        BigInteger numerator = shift < 0 ? Numerator << -shift : Numerator;
        BigInteger denominator = shift > 0 ? Denominator << shift : Denominator;
        BigInteger floor = BigInteger.Divide(numerator, denominator);
        bool inexact;
        int comparedWithHalf;
        if (IsRoot)
        {
            floor = FloorSquareRoot(floor);
            inexact = floor * floor * denominator != numerator;
            BigInteger half = (2 * floor) + 1;
            comparedWithHalf = (4 * numerator).CompareTo(half * half * denominator);
        }
        else
        {
            BigInteger remainder = numerator - (floor * denominator);
            inexact = !remainder.IsZero;
            comparedWithHalf = (2 * remainder).CompareTo(denominator);
        }

        bool up = Mode switch
        {
            RoundingMode.Rne => comparedWithHalf > 0 || (comparedWithHalf == 0 && !floor.IsEven),
            RoundingMode.Rtz => false,
            RoundingMode.Rdn => inexact && Negative,
            RoundingMode.Rup => inexact && !Negative,
            RoundingMode.Rmm => comparedWithHalf >= 0,
        };
        return (up ? floor + 1 : floor, inexact);
    }

    private int FloorLog2()
    {
        int exponent = (int)(Numerator.GetBitLength() - Denominator.GetBitLength());
        bool below = exponent >= 0 ? Numerator < Denominator << exponent : Numerator << -exponent < Denominator;
        if (below) exponent--;
        return IsRoot ? exponent >> 1 : exponent;
    }

    private static BigInteger FloorSquareRoot(BigInteger value)
    {
        if (value.IsZero) return value;
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + (value / root)) >> 1;
            if (next >= root) return root;
            root = next;
        }
    }
}
