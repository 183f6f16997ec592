using System.Numerics;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>A format by its textbook parameters, for the oracle: nothing here is shared with the code under test.</summary>
internal sealed record FloatFormat(int Precision, int MaxExponent)
{
    public static readonly FloatFormat Single = new(24, 127);
    public static readonly FloatFormat Double = new(53, 1023);

    public int MinExponent => 1 - MaxExponent;

    public int FractionBits => Precision - 1;

    public ulong Infinity => (ulong)((2 * MaxExponent) + 1) << FractionBits;

    public ulong Sign => Infinity + (1UL << FractionBits);

    public ulong QuietBit => 1UL << (FractionBits - 1);

    public ulong CanonicalNaN => Infinity | QuietBit;
}

/// <summary>What an encoding stands for; the value of a finite one is ±Significand × 2^Exponent.</summary>
internal readonly record struct ExactNumber(
    bool Negative, bool IsNaN, bool IsSignaling, bool IsInfinite, BigInteger Significand, int Exponent)
{
    public bool IsZero => !IsNaN && !IsInfinite && Significand.IsZero;

    public static ExactNumber Decode(FloatFormat format, ulong bits)
    {
        bool negative = (bits & format.Sign) != 0;
        ulong magnitude = bits & (format.Sign - 1);
        ulong fraction = magnitude & ((1UL << format.FractionBits) - 1);
        int field = (int)(magnitude >> format.FractionBits);
        if (magnitude >= format.Infinity)
        {
            bool signaling = fraction != 0 && (fraction & format.QuietBit) == 0;
            return new ExactNumber(negative, fraction != 0, signaling, fraction == 0, 0, 0);
        }

        return field == 0
            ? new ExactNumber(negative, false, false, false, fraction, format.MinExponent - format.FractionBits)
            : new ExactNumber(negative, false, false, false, fraction + (1UL << format.FractionBits),
                field - format.MaxExponent - format.FractionBits);
    }

    /// <summary>The signed value in units of 2^<paramref name="exponent"/>, which is not above <see cref="Exponent"/>.</summary>
    public BigInteger Scaled(int exponent) => (Negative ? -Significand : Significand) << (Exponent - exponent);
}
