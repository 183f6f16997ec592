using System.Buffers.Binary;

namespace CloudLab.ControlPlane.Tests.Plane;

/// <summary>Assembles guests of a few dozen instructions that the machine enters as it would a kernel, in S-mode.</summary>
internal sealed class GuestProgram
{
    private const int Zero = 0, T0 = 5, T1 = 6, T2 = 7, A0 = 10, A1 = 11, A6 = 16, A7 = 17;
    private const uint Uart = 0x1000_0000;
    private const uint TestDevice = 0x10_0000;
    private const int FailCommand = 0x3333;
    private const int LineStatus = 5, DataReady = 1;
    private const int SystemReset = 0x5352_5354;

    private readonly List<uint> _words = [];
    private readonly List<(int Word, string Label, bool IsBranch)> _references = [];
    private readonly Dictionary<string, int> _labels = [];

    /// <summary>Writes <c>boot</c>, then obeys single letters on its console: <c>p</c> powers off, <c>r</c> resets,
    /// <c>k</c> panics and resets, <c>f</c> fails; it echoes all others.</summary>
    public static byte[] Obedient { get; } = new GuestProgram()
        .Print("boot\n")
        .Label("loop")
        .Emit(Load(T1, T0, LineStatus)).Emit(AndImmediate(T1, T1, DataReady)).BranchIfEqual(T1, Zero, "loop")
        .Emit(Load(T2, T0, 0))
        .OnLetter('p', "off").OnLetter('r', "reset").OnLetter('k', "panic").OnLetter('f', "fail")
        .Emit(Store(T2, T0, 0)).Jump("loop")
        .Label("off").Reset(type: 0, reason: 0)
        .Label("fail").Fail()
        .Label("panic").Print("Kernel panic - not syncing: told to\n")
        .Label("reset").Reset(type: 1, reason: 0)
        .Assemble();

    /// <summary>Writes <c>boot</c> and waits for ever.</summary>
    public static byte[] Idle { get; } = new GuestProgram()
        .Print("boot\n").Label("loop").Emit(0x1050_0073 /* wfi */).Jump("loop").Assemble();

    /// <summary>Powers off at once.</summary>
    public static byte[] PowerOff { get; } = new GuestProgram().Reset(type: 0, reason: 0).Assemble();

    /// <summary>Writes <c>boot</c> and then to every page from 16 MiB on, to the end of 128 MiB of RAM; then <c>full</c>, and waits for ever.</summary>
    public static byte[] Greedy { get; } = new GuestProgram()
        .Print("boot\n")
        // Half the addresses, doubled: LUI extends the sign.
        .Emit(LoadUpper(A0, 0x4080_0000 >> 12)).Emit(Add(A0, A0, A0)).Emit(LoadUpper(A1, 0x43f8_0000 >> 12)).Emit(Add(A1, A1, A1))
        .Emit(LoadUpper(T2, 1))
        .Label("fill").Emit(Store(A0, A0, 0)).Emit(Add(A0, A0, T2)).BranchIfEqual(A0, A1, "full").Jump("fill")
        .Label("full").Print("full\n").Label("loop").Emit(0x1050_0073 /* wfi */).Jump("loop").Assemble();

    private GuestProgram Label(string name)
    {
        _labels.Add(name, _words.Count);
        return this;
    }

    private GuestProgram Emit(uint word)
    {
        _words.Add(word);
        return this;
    }

    private GuestProgram Print(string text)
    {
        Emit(LoadUpper(T0, Uart >> 12));
        foreach (char c in text) Emit(AddImmediate(T1, Zero, c)).Emit(Store(T1, T0, 0));
        return this;
    }

    private GuestProgram OnLetter(char letter, string label) => Emit(AddImmediate(T1, Zero, letter)).BranchIfEqual(T2, T1, label);

    // The test device's failure command, code 0, in the low half of a word.
    private GuestProgram Fail() =>
        Emit(LoadUpper(T0, TestDevice >> 12)).Emit(LoadUpper(T1, (uint)(FailCommand >> 12))).Emit(AddImmediate(T1, T1, FailCommand & 0xFFF))
            .Emit(Store(T1, T0, 0) | 2u << 12 /* sw */);

    // SBI specification 2.0, chapter 10: system_reset(type, reason).
    private GuestProgram Reset(int type, int reason) =>
        Emit(LoadUpper(A7, (uint)(SystemReset >> 12))).Emit(AddImmediate(A7, A7, SystemReset & 0xFFF))
            .Emit(AddImmediate(A6, Zero, 0)).Emit(AddImmediate(A0, Zero, type)).Emit(AddImmediate(A1, Zero, reason))
            .Emit(0x0000_0073 /* ecall */);

    private GuestProgram Jump(string label)
    {
        _references.Add((_words.Count, label, IsBranch: false));
        return Emit(0x6F);
    }

    private GuestProgram BranchIfEqual(int left, int right, string label)
    {
        _references.Add((_words.Count, label, IsBranch: true));
        return Emit(0x63u | ((uint)left << 15) | ((uint)right << 20));
    }

    private byte[] Assemble()
    {
        foreach ((int word, string label, bool isBranch) in _references)
        {
            uint offset = (uint)((_labels[label] - word) * 4);
            _words[word] |= isBranch
                ? ((offset >> 12) & 1) << 31 | ((offset >> 5) & 0x3F) << 25 | ((offset >> 1) & 0xF) << 8 | ((offset >> 11) & 1) << 7
                : ((offset >> 20) & 1) << 31 | ((offset >> 1) & 0x3FF) << 21 | ((offset >> 11) & 1) << 20 | ((offset >> 12) & 0xFF) << 12;
        }

        byte[] image = new byte[_words.Count * 4];
        for (int i = 0; i < _words.Count; i++) BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(i * 4), _words[i]);
        return image;
    }

    private static uint LoadUpper(int rd, uint value) => 0x37u | ((uint)rd << 7) | (value << 12);

    private static uint AddImmediate(int rd, int rs1, int value) => 0x13u | ((uint)rd << 7) | ((uint)rs1 << 15) | ((uint)(value & 0xFFF) << 20);

    private static uint AndImmediate(int rd, int rs1, int value) => AddImmediate(rd, rs1, value) | 7u << 12;

    private static uint Add(int rd, int rs1, int rs2) => 0x33u | ((uint)rd << 7) | ((uint)rs1 << 15) | ((uint)rs2 << 20);

    // lbu
    private static uint Load(int rd, int rs1, int offset) => 0x03u | ((uint)rd << 7) | 4u << 12 | ((uint)rs1 << 15) | ((uint)offset << 20);

    // sb, for offsets below 32
    private static uint Store(int rs2, int rs1, int offset) => 0x23u | ((uint)offset << 7) | ((uint)rs1 << 15) | ((uint)rs2 << 20);
}
