using CloudLab.Machine.Rv64.FloatingPoint;
using Xunit;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>What the RISC-V manual says in so many words, by example.</summary>
public sealed class FloatRulesTests
{
    private const ulong One = 0x3ff0_0000_0000_0000;
    private const ulong Infinity = 0x7ff0_0000_0000_0000;
    private const ulong MinusZero = 0x8000_0000_0000_0000;
    private const ulong SignalingNaN = 0x7ff0_0000_0000_0001;
    private const ulong QuietNaN = 0xfff8_0000_0000_1234;

    [Theory]
    [InlineData(0xffff_ffff_3f80_0000, 0x3f80_0000)]
    [InlineData(0xffff_ffff_ffff_ffff, 0xffff_ffff)]
    [InlineData(0xffff_fffe_3f80_0000, Float32.CanonicalNaN)]
    [InlineData(0x0000_0000_3f80_0000, Float32.CanonicalNaN)]
    [InlineData(One, Float32.CanonicalNaN)]
    public void A_value_that_is_not_boxed_reads_as_the_canonical_NaN(ulong register, uint expected) =>
        Assert.Equal(expected, NanBox.Unbox(register));

    [Fact]
    public void Boxing_sets_the_upper_half() => Assert.Equal(0xffff_ffff_3f80_0000, NanBox.Box(0x3f80_0000));

    [Fact]
    public void Results_carry_no_payload_and_only_signaling_NaNs_raise()
    {
        uint flags = 0;
        Assert.Equal(Float64.CanonicalNaN, Float64.Add(One, QuietNaN, RoundingMode.Rne, ref flags));
        Assert.Equal(0u, flags);
        Assert.Equal(Float64.CanonicalNaN, Float64.Add(QuietNaN, SignalingNaN, RoundingMode.Rne, ref flags));
        Assert.Equal(FloatFlags.NV, flags);
    }

    [Fact]
    public void Infinity_times_zero_plus_a_quiet_NaN_is_invalid()
    {
        uint flags = 0;
        Assert.Equal(Float64.CanonicalNaN, Float64.FusedMultiplyAdd(Infinity, 0, QuietNaN, RoundingMode.Rne, ref flags));
        Assert.Equal(FloatFlags.NV, flags);
    }

    [Fact]
    public void Division_by_zero_raises_DZ_alone()
    {
        uint flags = 0;
        Assert.Equal(Infinity | MinusZero, Float64.Div(One, MinusZero, RoundingMode.Rne, ref flags));
        Assert.Equal(FloatFlags.DZ, flags);
    }

    // All three products become the least normal number, 2^-1022. The first, (1 − 2^-53) × 2^-1022, does so only because
    // exponents have a limit: 53 bits could hold it. The second, (1 − 2^-104) × 2^-1022, rounds to it in any case.
    [Theory]
    [InlineData(0x0020_0000_0000_0000, 0x3fdf_ffff_ffff_ffff, 0x0010_0000_0000_0000, FloatFlags.NX | FloatFlags.UF)]
    [InlineData(0x000f_ffff_ffff_ffff, 0x3ff0_0000_0000_0001, 0x0010_0000_0000_0000, FloatFlags.NX)]
    [InlineData(0x0010_0000_0000_0001, 0x3fef_ffff_ffff_ffff, 0x0010_0000_0000_0000, FloatFlags.NX)]
    public void Tininess_is_detected_after_rounding(ulong a, ulong b, ulong product, uint raised)
    {
        uint flags = 0;
        Assert.Equal(product, Float64.Mul(a, b, RoundingMode.Rne, ref flags));
        Assert.Equal(raised, flags);
    }

    [Theory]
    [InlineData(0, MinusZero, MinusZero, 0)]
    [InlineData(MinusZero, 0, MinusZero, 0)]
    [InlineData(QuietNaN, One, One, One)]
    [InlineData(QuietNaN, QuietNaN, Float64.CanonicalNaN, Float64.CanonicalNaN)]
    public void Minimum_and_maximum_order_zeros_and_prefer_numbers(ulong a, ulong b, ulong min, ulong max)
    {
        uint flags = 0;
        Assert.Equal(min, Float64.Min(a, b, ref flags));
        Assert.Equal(max, Float64.Max(a, b, ref flags));
        Assert.Equal(0u, flags);
    }

    [Fact]
    public void Equality_is_quiet_and_order_is_signaling()
    {
        uint flags = 0;
        Assert.False(Float64.Eq(QuietNaN, One, ref flags));
        Assert.Equal(0u, flags);
        Assert.False(Float64.Le(QuietNaN, One, ref flags));
        Assert.Equal(FloatFlags.NV, flags);
    }

    [Theory]
    [InlineData(double.NaN, int.MaxValue, uint.MaxValue, long.MaxValue, ulong.MaxValue)]
    [InlineData(double.PositiveInfinity, int.MaxValue, uint.MaxValue, long.MaxValue, ulong.MaxValue)]
    [InlineData(double.NegativeInfinity, int.MinValue, 0, long.MinValue, 0)]
    [InlineData(1e30, int.MaxValue, uint.MaxValue, long.MaxValue, ulong.MaxValue)]
    [InlineData(-1e30, int.MinValue, 0, long.MinValue, 0)]
    public void Conversions_out_of_range_saturate_and_raise_NV_alone(double value, int i32, uint u32, long i64, ulong u64)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        uint flags = 0;
        Assert.Equal(i32, Float64.ToInt32(bits, RoundingMode.Rtz, ref flags));
        Assert.Equal(u32, Float64.ToUInt32(bits, RoundingMode.Rtz, ref flags));
        Assert.Equal(i64, Float64.ToInt64(bits, RoundingMode.Rtz, ref flags));
        Assert.Equal(u64, Float64.ToUInt64(bits, RoundingMode.Rtz, ref flags));
        Assert.Equal(FloatFlags.NV, flags);
    }

    [Fact]
    public void A_negative_fraction_becomes_an_unsigned_zero_inexactly_unless_it_rounds_to_minus_one()
    {
        ulong minusHalf = BitConverter.DoubleToUInt64Bits(-0.5);
        uint flags = 0;
        Assert.Equal(0ul, Float64.ToUInt64(minusHalf, RoundingMode.Rtz, ref flags));
        Assert.Equal(FloatFlags.NX, flags);

        flags = 0;
        Assert.Equal(0ul, Float64.ToUInt64(minusHalf, RoundingMode.Rdn, ref flags));
        Assert.Equal(FloatFlags.NV, flags);
    }
}
