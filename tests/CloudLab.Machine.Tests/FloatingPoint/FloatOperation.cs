using CloudLab.Machine.Rv64.FloatingPoint;
using CsCheck;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>A computation on right-aligned encodings or integers; integer results are as the register holds them.</summary>
internal delegate ulong FloatFunction(ulong a, ulong b, ulong c, RoundingMode rm, ref uint flags);

internal enum ValueKind
{
    Single,
    Double,
    Integer,
}

/// <summary>One instruction: our computation, the oracle's, and the encoding that <see cref="FloatGuest"/> executes.</summary>
internal sealed record FloatOperation(
    string Name, FloatFunction Run, FloatFunction Expected, uint Instruction, ValueKind Operand, ValueKind Result)
{
    public static IReadOnlyList<FloatOperation> All { get; } = [.. SingleOperations.All, .. DoubleOperations.All];

    public Gen<OperandSet> Operands => Operand switch
    {
        ValueKind.Single => FloatingPoint.Operands.Of(FloatFormat.Single),
        ValueKind.Double => FloatingPoint.Operands.Of(FloatFormat.Double),
        ValueKind.Integer => FloatingPoint.Operands.Integers,
    };

    public static FloatOperation Named(string name) => All.Single(operation => operation.Name == name);

    public static (ulong Result, uint Flags) Apply(FloatFunction function, OperandSet operands, uint flags)
    {
        ulong result = function(operands.A, operands.B, operands.C, operands.Mode, ref flags);
        return (result, flags);
    }
}
