using CloudLab.Machine.Rv64.FloatingPoint;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>Integer arithmetic against the host's floating-point unit, bit for bit except for what a NaN carries.</summary>
public sealed class HostAgreementTests
{
    private const int Iterations = 20_000;

    [Theory]
    [InlineData("fadd.s")]
    [InlineData("fsub.s")]
    [InlineData("fmul.s")]
    [InlineData("fdiv.s")]
    [InlineData("fsqrt.s")]
    [InlineData("fmadd.s")]
    [InlineData("fcvt.s.d")]
    public void Single_results_to_nearest_even_are_the_hosts(string name) => Compare(
        name,
        name == "fcvt.s.d" ? Host.Narrow : (a, b, c) => Host.Single(name, (uint)a, (uint)b, (uint)c),
        bits => float.IsNaN(BitConverter.UInt32BitsToSingle((uint)bits)) ? Float32.CanonicalNaN : bits);

    [Theory]
    [InlineData("fadd.d")]
    [InlineData("fsub.d")]
    [InlineData("fmul.d")]
    [InlineData("fdiv.d")]
    [InlineData("fsqrt.d")]
    [InlineData("fmadd.d")]
    public void Double_results_to_nearest_even_are_the_hosts(string name) => Compare(
        name,
        (a, b, c) => Host.Double(name, a, b, c),
        bits => double.IsNaN(BitConverter.UInt64BitsToDouble(bits)) ? Float64.CanonicalNaN : bits);

    private static void Compare(string name, Func<ulong, ulong, ulong, ulong> host, Func<ulong, ulong> canonical)
    {
        FloatOperation operation = FloatOperation.Named(name);
        operation.Operands.Sample(
            operands =>
            {
                operands = operands with { Mode = RoundingMode.Rne };
                (ulong result, _) = FloatOperation.Apply(operation.Run, operands, 0);
                ulong expected = canonical(host(operands.A, operands.B, operands.C));
                Assert.True(result == expected, $"{name} {operands}: {result:x16}, the host {expected:x16}");
            },
            iter: Iterations);
    }

    private static class Host
    {
        public static ulong Single(string name, uint aBits, uint bBits, uint cBits)
        {
            float a = BitConverter.UInt32BitsToSingle(aBits);
            float b = BitConverter.UInt32BitsToSingle(bBits);
            return BitConverter.SingleToUInt32Bits(name switch
            {
                "fadd.s" => a + b,
                "fsub.s" => a - b,
                "fmul.s" => a * b,
                "fdiv.s" => a / b,
                "fsqrt.s" => MathF.Sqrt(a),
                "fmadd.s" => MathF.FusedMultiplyAdd(a, b, BitConverter.UInt32BitsToSingle(cBits)),
                _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
            });
        }

        public static ulong Double(string name, ulong aBits, ulong bBits, ulong cBits)
        {
            double a = BitConverter.UInt64BitsToDouble(aBits);
            double b = BitConverter.UInt64BitsToDouble(bBits);
            return BitConverter.DoubleToUInt64Bits(name switch
            {
                "fadd.d" => a + b,
                "fsub.d" => a - b,
                "fmul.d" => a * b,
                "fdiv.d" => a / b,
                "fsqrt.d" => Math.Sqrt(a),
                "fmadd.d" => Math.FusedMultiplyAdd(a, b, BitConverter.UInt64BitsToDouble(cBits)),
                _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
            });
        }

        public static ulong Narrow(ulong a, ulong b, ulong c) =>
            BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(a));
    }
}
