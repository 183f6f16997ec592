using System.Globalization;

namespace CloudLab.Machine.Tests.Rv64.Reference;

/// <summary>
/// The RVC instruction listings (unprivileged specification, "C" chapter, tables of quadrants 0 to 2 for RV64) as
/// bit patterns, matched one by one. In a pattern 0 and 1 stand for themselves and a letter for a field's bits.
/// </summary>
/// <remarks>
/// <c>d</c>, <c>s</c>, <c>t</c>: rd, rs1, rs2; five letters are a register, three one of x8–x15. The other letters are
/// immediate bits, from the most significant of each row to the places that the row names.
/// </remarks>
internal static class ReferenceCompressed
{
    private static readonly Row[] Rows =
    [
        // Quadrant 0.
        new("000 iiiiiiii ddd 00", [5, 4, 9, 8, 7, 6, 2, 3], f => f.Immediate == 0 ? null : Asm.Addi(f.D, 2, f.Immediate)),
        new("001 iii sss ii ddd 00", [5, 4, 3, 7, 6], f => Asm.Fld(f.D, f.S, f.Immediate)),
        new("010 iii sss ii ddd 00", [5, 4, 3, 2, 6], f => Asm.Lw(f.D, f.S, f.Immediate)),
        new("011 iii sss ii ddd 00", [5, 4, 3, 7, 6], f => Asm.Ld(f.D, f.S, f.Immediate)),
        new("101 iii sss ii ttt 00", [5, 4, 3, 7, 6], f => Asm.Fsd(f.T, f.S, f.Immediate)),
        new("110 iii sss ii ttt 00", [5, 4, 3, 2, 6], f => Asm.Sw(f.T, f.S, f.Immediate)),
        new("111 iii sss ii ttt 00", [5, 4, 3, 7, 6], f => Asm.Sd(f.T, f.S, f.Immediate)),

        // Quadrant 1.
        new("000 i ddddd iiiii 01", [5, 4, 3, 2, 1, 0], f => Asm.Addi(f.D, f.D, f.Signed(6))),
        new("001 i ddddd iiiii 01", [5, 4, 3, 2, 1, 0], f => f.D == 0 ? null : Asm.I(0, 0x1b, f.D, f.D, f.Signed(6))),
        new("010 i ddddd iiiii 01", [5, 4, 3, 2, 1, 0], f => Asm.Addi(f.D, 0, f.Signed(6))),
        new("011 i 00010 iiiii 01", [9, 4, 6, 8, 7, 5], f => f.Immediate == 0 ? null : Asm.Addi(2, 2, f.Signed(10))),
        new("011 i ddddd iiiii 01", [17, 16, 15, 14, 13, 12], f => f.Immediate == 0 ? null : Asm.Lui(f.D, (uint)f.Signed(18))),
        new("100 i 00 ddd iiiii 01", [5, 4, 3, 2, 1, 0], f => Asm.I(5, 0x13, f.D, f.D, f.Immediate)),
        new("100 i 01 ddd iiiii 01", [5, 4, 3, 2, 1, 0], f => Asm.I(5, 0x13, f.D, f.D, f.Immediate + 0x400)),
        new("100 i 10 ddd iiiii 01", [5, 4, 3, 2, 1, 0], f => Asm.I(7, 0x13, f.D, f.D, f.Signed(6))),
        new("100 0 11 ddd 00 ttt 01", [], f => Asm.R(0x20, 0, 0x33, f.D, f.D, f.T)),
        new("100 0 11 ddd 01 ttt 01", [], f => Asm.R(0, 4, 0x33, f.D, f.D, f.T)),
        new("100 0 11 ddd 10 ttt 01", [], f => Asm.R(0, 6, 0x33, f.D, f.D, f.T)),
        new("100 0 11 ddd 11 ttt 01", [], f => Asm.R(0, 7, 0x33, f.D, f.D, f.T)),
        new("100 1 11 ddd 00 ttt 01", [], f => Asm.R(0x20, 0, 0x3b, f.D, f.D, f.T)),
        new("100 1 11 ddd 01 ttt 01", [], f => Asm.R(0, 0, 0x3b, f.D, f.D, f.T)),
        new("101 iiiiiiiiiii 01", [11, 4, 9, 8, 10, 6, 7, 3, 2, 1, 5], f => Asm.Jump(f.Signed(12))),
        new("110 iii sss iiiii 01", [8, 4, 3, 7, 6, 2, 1, 5], f => Asm.Beq(f.S, 0, f.Signed(9))),
        new("111 iii sss iiiii 01", [8, 4, 3, 7, 6, 2, 1, 5], f => Asm.Bne(f.S, 0, f.Signed(9))),

        // Quadrant 2.
        new("000 i ddddd iiiii 10", [5, 4, 3, 2, 1, 0], f => Asm.Slli(f.D, f.D, f.Immediate)),
        new("001 i ddddd iiiii 10", [5, 4, 3, 8, 7, 6], f => Asm.Fld(f.D, 2, f.Immediate)),
        new("010 i ddddd iiiii 10", [5, 4, 3, 2, 7, 6], f => f.D == 0 ? null : Asm.Lw(f.D, 2, f.Immediate)),
        new("011 i ddddd iiiii 10", [5, 4, 3, 8, 7, 6], f => f.D == 0 ? null : Asm.Ld(f.D, 2, f.Immediate)),
        new("100 0 sssss 00000 10", [], f => f.S == 0 ? null : Asm.Jalr(0, f.S, 0)),
        new("100 0 ddddd ttttt 10", [], f => Asm.Add(f.D, 0, f.T)),
        new("100 1 00000 00000 10", [], f => Asm.Ebreak),
        new("100 1 sssss 00000 10", [], f => Asm.Jalr(1, f.S, 0)),
        new("100 1 ddddd ttttt 10", [], f => Asm.Add(f.D, f.D, f.T)),
        new("101 iiiiii ttttt 10", [5, 4, 3, 8, 7, 6], f => Asm.Fsd(f.T, 2, f.Immediate)),
        new("110 iiiiii ttttt 10", [5, 4, 3, 2, 7, 6], f => Asm.Sw(f.T, 2, f.Immediate)),
        new("111 iiiiii ttttt 10", [5, 4, 3, 8, 7, 6], f => Asm.Sd(f.T, 2, f.Immediate)),
    ];

    /// <summary>The 32-bit instruction, or null for a reserved encoding.</summary>
    public static uint? Expand(ushort instruction)
    {
        string bits = Convert.ToString(instruction, 2).PadLeft(16, '0');
        foreach (Row row in Rows)
            if (row.Matches(bits))
                return row.Expand(row.Extract(bits));
        return null;
    }

    private sealed record Row
    {
        private readonly string _pattern;
        private readonly int[] _places;

        public Row(string pattern, int[] places, Func<Fields, uint?> expand)
        {
            _pattern = pattern.Replace(" ", "", StringComparison.Ordinal);
            _places = places;
            Expand = expand;
        }

        public Func<Fields, uint?> Expand { get; }

        public bool Matches(string bits) => bits.Zip(_pattern).All(pair => pair.Second is not ('0' or '1') || pair.First == pair.Second);

        public Fields Extract(string bits)
        {
            string immediate = Select(bits, 'i');
            int value = 0;
            for (int i = 0; i < immediate.Length; i++)
                if (immediate[i] == '1')
                    value |= 1 << _places[i];
            return new Fields(Register(bits, 'd'), Register(bits, 's'), Register(bits, 't'), value);
        }

        private uint Register(string bits, char letter)
        {
            string field = Select(bits, letter);
            if (field.Length == 0) return 0;
            uint number = uint.Parse(field, NumberStyles.BinaryNumber, CultureInfo.InvariantCulture);
            return field.Length == 3 ? number + 8 : number;
        }

        private string Select(string bits, char letter) => string.Concat(bits.Where((_, i) => _pattern[i] == letter));
    }

    private readonly record struct Fields(uint D, uint S, uint T, int Immediate)
    {
        public int Signed(int width) => Immediate >= 1 << (width - 1) ? Immediate - (1 << width) : Immediate;
    }
}
