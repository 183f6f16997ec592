using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Litmus;

/// <summary>Random numbers made by the guest itself (Marsaglia's xorshift, 64 bits).</summary>
internal static class GuestRandom
{
    /// <summary>Replaces the register, which is not zero, by the next number.</summary>
    public static uint[] Next(uint state, uint scratch) =>
    [
        Slli(scratch, state, 13), R(0, 4, 0x33, state, state, scratch),
        I(5, 0x13, scratch, state, 7), R(0, 4, 0x33, state, state, scratch),
        Slli(scratch, state, 17), R(0, 4, 0x33, state, state, scratch),
    ];
}
