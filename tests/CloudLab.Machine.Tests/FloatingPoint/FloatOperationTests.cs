using CloudLab.Machine.Rv64.FloatingPoint;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>Each instruction's computation on generated operands, in every rounding mode.</summary>
public sealed class FloatOperationTests
{
    private const int Iterations = 15_000;

    public static TheoryData<string> Names => [.. FloatOperation.All.Select(operation => operation.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Result_and_flags_are_those_of_exact_rational_arithmetic(string name)
    {
        FloatOperation operation = FloatOperation.Named(name);
        operation.Operands.Sample(
            operands =>
            {
                (ulong result, uint flags) = FloatOperation.Apply(operation.Run, operands, 0);
                (ulong expected, uint expectedFlags) = FloatOperation.Apply(operation.Expected, operands, 0);
                Assert.True(
                    result == expected && flags == expectedFlags,
                    $"{name} {operands}: {result:x16} flags {flags:x2}, expected {expected:x16} flags {expectedFlags:x2}");
            },
            iter: Iterations);
    }

    // With NX accrued on entry the host's arithmetic answers where it may; without it never.
    [Theory]
    [MemberData(nameof(Names))]
    public void The_fast_path_changes_neither_result_nor_flags(string name)
    {
        FloatOperation operation = FloatOperation.Named(name);
        operation.Operands.Sample(
            operands =>
            {
                operands = operands with { Mode = RoundingMode.Rne };
                (ulong slow, uint slowFlags) = FloatOperation.Apply(operation.Run, operands, 0);
                (ulong fast, uint fastFlags) = FloatOperation.Apply(operation.Run, operands, FloatFlags.NX);
                Assert.True(
                    fast == slow && fastFlags == (slowFlags | FloatFlags.NX),
                    $"{name} {operands}: {fast:x16} flags {fastFlags:x2}, slowly {slow:x16} flags {slowFlags:x2}");
            },
            iter: Iterations);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Flags_accrued_before_stay(string name)
    {
        FloatOperation operation = FloatOperation.Named(name);
        Gen.Select(operation.Operands, Gen.UInt[0, 31]).Sample(
            (operands, accrued) =>
            {
                (ulong result, uint flags) = FloatOperation.Apply(operation.Run, operands, 0);
                Assert.Equal((result, flags | accrued), FloatOperation.Apply(operation.Run, operands, accrued));
            },
            iter: 500);
    }
}
