using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Zba, Zbb, Zbs and Zicond against definitions that work bit by bit.</summary>
public sealed class BitManipulationTests
{
    private const uint Op = 0x33, OpImm = 0x13, Op32 = 0x3b, OpImm32 = 0x1b;

    public static TheoryData<string, uint> RegisterForms => new()
    {
        { "add.uw", R(0x04, 0, Op32, A0, A1, A2) },
        { "sh1add", R(0x10, 2, Op, A0, A1, A2) },
        { "sh2add", R(0x10, 4, Op, A0, A1, A2) },
        { "sh3add", R(0x10, 6, Op, A0, A1, A2) },
        { "sh1add.uw", R(0x10, 2, Op32, A0, A1, A2) },
        { "sh2add.uw", R(0x10, 4, Op32, A0, A1, A2) },
        { "sh3add.uw", R(0x10, 6, Op32, A0, A1, A2) },
        { "andn", R(0x20, 7, Op, A0, A1, A2) },
        { "orn", R(0x20, 6, Op, A0, A1, A2) },
        { "xnor", R(0x20, 4, Op, A0, A1, A2) },
        { "clz", I(1, OpImm, A0, A1, 0x600) },
        { "ctz", I(1, OpImm, A0, A1, 0x601) },
        { "cpop", I(1, OpImm, A0, A1, 0x602) },
        { "clzw", I(1, OpImm32, A0, A1, 0x600) },
        { "ctzw", I(1, OpImm32, A0, A1, 0x601) },
        { "cpopw", I(1, OpImm32, A0, A1, 0x602) },
        { "min", R(0x05, 4, Op, A0, A1, A2) },
        { "minu", R(0x05, 5, Op, A0, A1, A2) },
        { "max", R(0x05, 6, Op, A0, A1, A2) },
        { "maxu", R(0x05, 7, Op, A0, A1, A2) },
        { "sext.b", I(1, OpImm, A0, A1, 0x604) },
        { "sext.h", I(1, OpImm, A0, A1, 0x605) },
        { "zext.h", R(0x04, 4, Op32, A0, A1, 0) },
        { "rol", R(0x30, 1, Op, A0, A1, A2) },
        { "ror", R(0x30, 5, Op, A0, A1, A2) },
        { "rolw", R(0x30, 1, Op32, A0, A1, A2) },
        { "rorw", R(0x30, 5, Op32, A0, A1, A2) },
        { "orc.b", I(5, OpImm, A0, A1, 0x287) },
        { "rev8", I(5, OpImm, A0, A1, 0x6b8) },
        { "bclr", R(0x24, 1, Op, A0, A1, A2) },
        { "bext", R(0x24, 5, Op, A0, A1, A2) },
        { "binv", R(0x34, 1, Op, A0, A1, A2) },
        { "bset", R(0x14, 1, Op, A0, A1, A2) },
        { "czero.eqz", R(0x07, 5, Op, A0, A1, A2) },
        { "czero.nez", R(0x07, 7, Op, A0, A1, A2) },
    };

    public static TheoryData<string, int, uint> ImmediateForms => new()
    {
        { "slli.uw", 0x02 << 6, I(1, OpImm32, A0, A1, 0) },
        { "ror", 0x18 << 6, I(5, OpImm, A0, A1, 0) },
        { "bclr", 0x12 << 6, I(1, OpImm, A0, A1, 0) },
        { "bext", 0x12 << 6, I(5, OpImm, A0, A1, 0) },
        { "binv", 0x1a << 6, I(1, OpImm, A0, A1, 0) },
        { "bset", 0x0a << 6, I(1, OpImm, A0, A1, 0) },
    };

    [Theory]
    [MemberData(nameof(RegisterForms))]
    public void A_register_form_gives_what_its_bits_say(string name, uint instruction)
    {
        using TestHart hart = TestHart.InMachineMode();
        Gen.Select(EdgeValues.Any, EdgeValues.Any).Sample(
            (a, b) => Assert.Equal(Expected(name, a, b), Result(hart, instruction, a, b)), iter: 300, threads: 1);
    }

    [Theory]
    [MemberData(nameof(ImmediateForms))]
    public void An_immediate_form_takes_all_six_bits_of_its_amount(string name, int function, uint instruction)
    {
        using TestHart hart = TestHart.InMachineMode();
        Gen.Select(EdgeValues.Any, Gen.Int[0, 63]).Sample(
            (a, amount) => Assert.Equal(
                Expected(name, a, (ulong)amount), Result(hart, instruction | (uint)(function | amount) << 20, a, 0)),
            iter: 300, threads: 1);
    }

    [Fact]
    public void Roriw_rotates_the_low_word_by_five_bits()
    {
        using TestHart hart = TestHart.InMachineMode();
        Gen.Select(EdgeValues.Any, Gen.Int[0, 31]).Sample(
            (a, amount) => Assert.Equal(
                Expected("rorw", a, (ulong)amount), Result(hart, I(5, OpImm32, A0, A1, 0x600 | amount), a, 0)),
            iter: 300, threads: 1);
    }

    private static ulong Result(TestHart hart, uint instruction, ulong a, ulong b)
    {
        hart.Pc = TestHart.Ram;
        hart.SetX(A1, a);
        hart.SetX(A2, b);
        hart.Execute(instruction);
        return hart.X(A0);
    }

    private static ulong Expected(string name, ulong a, ulong b)
    {
        int word = (int)(b & 31), whole = (int)(b & 63);
        ulong low = a & 0xffff_ffff;
        return name switch
        {
            "add.uw" => low + b,
            "sh1add" => (a * 2) + b,
            "sh2add" => (a * 4) + b,
            "sh3add" => (a * 8) + b,
            "sh1add.uw" => (low * 2) + b,
            "sh2add.uw" => (low * 4) + b,
            "sh3add.uw" => (low * 8) + b,
            "slli.uw" => low << whole,
            "andn" => Map(i => Bit(a, i) && !Bit(b, i)),
            "orn" => Map(i => Bit(a, i) || !Bit(b, i)),
            "xnor" => Map(i => Bit(a, i) == Bit(b, i)),
            "clz" => (ulong)Enumerable.Range(0, 64).TakeWhile(i => !Bit(a, 63 - i)).Count(),
            "ctz" => (ulong)Enumerable.Range(0, 64).TakeWhile(i => !Bit(a, i)).Count(),
            "cpop" => (ulong)Enumerable.Range(0, 64).Count(i => Bit(a, i)),
            "clzw" => (ulong)Enumerable.Range(0, 32).TakeWhile(i => !Bit(a, 31 - i)).Count(),
            "ctzw" => (ulong)Enumerable.Range(0, 32).TakeWhile(i => !Bit(a, i)).Count(),
            "cpopw" => (ulong)Enumerable.Range(0, 32).Count(i => Bit(a, i)),
            "min" => (long)a < (long)b ? a : b,
            "max" => (long)a > (long)b ? a : b,
            "minu" => a < b ? a : b,
            "maxu" => a > b ? a : b,
            "sext.b" => Map(i => Bit(a, Math.Min(i, 7))),
            "sext.h" => Map(i => Bit(a, Math.Min(i, 15))),
            "zext.h" => Map(i => i < 16 && Bit(a, i)),
            "rol" => Map(i => Bit(a, (i - whole + 64) % 64)),
            "ror" => Map(i => Bit(a, (i + whole) % 64)),
            "rolw" => Map(i => Bit(a, (Math.Min(i, 31) - word + 32) % 32)),
            "rorw" => Map(i => Bit(a, (Math.Min(i, 31) + word) % 32)),
            "orc.b" => Map(i => (a >> (i / 8 * 8) & 0xff) != 0),
            "rev8" => Map(i => Bit(a, ((7 - (i / 8)) * 8) + (i % 8))),
            "bclr" => Map(i => Bit(a, i) && i != whole),
            "bext" => Bit(a, whole) ? 1UL : 0,
            "binv" => Map(i => Bit(a, i) != (i == whole)),
            "bset" => Map(i => Bit(a, i) || i == whole),
            "czero.eqz" => b == 0 ? 0 : a,
            "czero.nez" => b == 0 ? a : 0,
            _ => throw new ArgumentException(name),
        };
    }

    private static bool Bit(ulong value, int i) => (value >> i & 1) != 0;

    private static ulong Map(Func<int, bool> bit)
    {
        ulong value = 0;
        for (int i = 0; i < 64; i++)
            if (bit(i))
                value |= 1UL << i;
        return value;
    }
}
