namespace CloudLab.Machine.Tests.Litmus;

/// <summary>A word that harts work on by one kind of atomic, whose result does not depend on the order.</summary>
/// <param name="Function">funct5 of the AMO.</param>
/// <param name="IsDouble">64 bits instead of 32.</param>
/// <param name="Offset">From the start of the page.</param>
internal sealed record SharedWord(uint Function, bool IsDouble, int Offset)
{
    public const uint Add = 0, Swap = 1, Xor = 4, Or = 8, And = 12, Min = 16, Max = 20, MinUnsigned = 24, MaxUnsigned = 28;

    public static readonly uint[] Functions = [Add, Swap, Xor, Or, And, Min, Max, MinUnsigned, MaxUnsigned];

    public int Size => IsDouble ? 8 : 4;

    /// <summary>The value that changes nothing.</summary>
    public ulong Neutral => Function switch
    {
        And or MinUnsigned => Cut(ulong.MaxValue),
        Min => Cut(ulong.MaxValue) >> 1,
        Max => Cut(ulong.MaxValue) ^ (Cut(ulong.MaxValue) >> 1),
        _ => 0,
    };

    /// <summary>One operation; of a swap, the sum of what was put and what was found, which the word's value makes up for.</summary>
    public ulong Apply(ulong a, ulong b) => Cut(Function switch
    {
        Add or Swap => a + b,
        Xor => a ^ b,
        Or => a | b,
        And => a & b,
        Min => Signed(a) < Signed(b) ? a : b,
        Max => Signed(a) > Signed(b) ? a : b,
        MinUnsigned => Math.Min(Cut(a), Cut(b)),
        MaxUnsigned => Math.Max(Cut(a), Cut(b)),
        _ => throw new InvalidOperationException(),
    });

    public ulong Cut(ulong value) => IsDouble ? value : (uint)value;

    private long Signed(ulong value) => IsDouble ? (long)value : (int)value;
}
