using System.Buffers.Binary;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.State;

/// <summary>
/// A kernel of a few dozen instructions for four harts: hart 0 writes to its disk, request after request, and prints a
/// dot for each; the others count, and print <c>!</c> when their clock goes back.
/// </summary>
internal static class StateGuest
{
    public const int Harts = 4;
    public const ulong MemorySize = 64 << 20;

    /// <summary>Where in RAM the program lies.</summary>
    public const int Image = 0x20_0000;

    /// <summary>How many requests hart 0 has done, as 64 bits, from the start of RAM.</summary>
    public const int Requests = Image + 0x5000;

    /// <summary>What harts 1 to 3 counted together.</summary>
    public const int Count = Image + 0x6000;

    private const ulong Base = 0x8000_0000 + Image;
    private const int Setup = 0x400, Descriptors = 0x1000, Driver = 0x2000, Device = 0x3000, Header = 0x4000, Status = 0x4100;
    private const uint Disk = 0x1000_1000, Uart = 0x1000_0000;
    private const uint QueueNotify = 0x50;

    public static byte[] Build()
    {
        byte[] image = new byte[0x7000];
        WriteCode(image);
        WriteSetup(image);
        // The one request: header, a sector of data (the page with the count), status.
        WriteDescriptor(image, 0, Base + Header, 16, flags: 1, next: 1);
        WriteDescriptor(image, 1, Base + 0x5000, 512, flags: 1, next: 2);
        WriteDescriptor(image, 2, Base + Status, 1, flags: 2, next: 0);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(Header), 1);
        return image;
    }

    private static void WriteCode(byte[] image)
    {
        var code = new Program();
        code.Add(LoadAddress(S0, Base));
        // Start the other harts at "count": SBI HSM, hart_start.
        code.Add(LoadAddress(A7, 0x48534d)).Add(Li(A6, 0), Li(S1, 1));
        code.Label("start").Add(Addi(A0, S1, 0)).Address(A1, "count").Add(Ecall, Addi(S1, S1, 1), Li(T0, Harts));
        code.Branch("start", offset => Bltu(S1, T0, offset));
        // Registers of the disk, from a table of offsets and values that ends with an offset of -1.
        code.Add(LoadAddress(S2, Disk)).Add(Addi(T0, S0, Setup), Li(T3, -1));
        code.Label("setup").Add(Lw(T1, T0, 0), Lw(T2, T0, 4), Addi(T0, T0, 8));
        code.Branch("ready", offset => Beq(T1, T3, offset)).Add(Add(T1, T1, S2), Sw(T2, T1, 0)).Jump("setup");
        code.Label("ready").Add(LoadAddress(S3, Base + Driver)).Add(LoadAddress(S4, Base + Device)).Add(LoadAddress(A2, Base + 0x5000)).Add(LoadAddress(A3, Uart));
        // Offer the request once more, notify, poll until it was used, count it, print a dot.
        code.Label("request").Add(I(5, 0x03, T0, S3, 2), Addi(T0, T0, 1), Sh(T0, S3, 2), Sw(Zero, S2, (int)QueueNotify));
        code.Label("wait").Add(I(5, 0x03, T0, S3, 2), I(5, 0x03, T1, S4, 2)).Branch("wait", offset => Bne(T0, T1, offset));
        code.Add(Ld(T0, A2, 0), Addi(T0, T0, 1), Sd(T0, A2, 0), Li(T1, '.'), Sb(T1, A3, 0), Li(T1, '\n'), Sb(T1, A3, 0)).Jump("request");
        code.Label("count").Add(LoadAddress(A2, Base + 0x6000)).Add(LoadAddress(A3, Uart)).Add(Li(T0, 1), Csrr(T3, 0xc01));
        code.Label("counting").Add(Amo(0, 3, Zero, A2, T0), Csrr(T4, 0xc01)).Branch("counting ahead", offset => B(7, T4, T3, offset));
        code.Add(Li(T1, '!'), Sb(T1, A3, 0), Li(T1, '\n'), Sb(T1, A3, 0));
        code.Label("counting ahead").Add(Addi(T3, T4, 0)).Jump("counting");
        byte[] bytes = Bytes(code.Assemble(Base));
        if (bytes.Length > Setup) throw new InvalidOperationException("the code runs into its data");
        bytes.CopyTo(image, 0);
    }

    private static void WriteSetup(byte[] image)
    {
        (uint Register, ulong Value)[] registers =
        [
            (0x70, 0), (0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 11), (0x30, 0), (0x38, 128),
            (0x80, Base + Descriptors), (0x84, 0), (0x90, Base + Driver), (0x94, 0), (0xa0, Base + Device), (0xa4, 0), (0x44, 1), (0x70, 15),
            (uint.MaxValue, 0),
        ];
        for (int i = 0; i < registers.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(Setup + (8 * i)), registers[i].Register);
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(Setup + (8 * i) + 4), (uint)registers[i].Value);
        }
    }

    private static void WriteDescriptor(byte[] image, int index, ulong address, uint length, ushort flags, ushort next)
    {
        Span<byte> at = image.AsSpan(Descriptors + (index * 16));
        BinaryPrimitives.WriteUInt64LittleEndian(at, address);
        BinaryPrimitives.WriteUInt32LittleEndian(at[8..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(at[12..], flags);
        BinaryPrimitives.WriteUInt16LittleEndian(at[14..], next);
    }

    /// <summary>Instructions with labels.</summary>
    private sealed class Program
    {
        private readonly List<uint> _words = [];
        private readonly Dictionary<string, int> _labels = [];
        private readonly List<(int Word, string Label, Func<int, uint> Encode)> _references = [];
        private readonly List<(int Word, uint Register, string Label)> _addresses = [];

        public Program Add(params ReadOnlySpan<uint> words)
        {
            _words.AddRange(words);
            return this;
        }

        public Program Label(string name)
        {
            _labels.Add(name, _words.Count);
            return this;
        }

        public Program Branch(string label, Func<int, uint> encode)
        {
            _references.Add((_words.Count, label, encode));
            return Add(0u);
        }

        public Program Jump(string label) => Branch(label, Tests.Rv64.Asm.Jump);

        public Program Address(uint register, string label)
        {
            _addresses.Add((_words.Count, register, label));
            return Add(LoadAddress(register, 0));
        }

        public uint[] Assemble(ulong start)
        {
            foreach ((int word, string label, Func<int, uint> encode) in _references) _words[word] = encode((_labels[label] - word) * 4);
            foreach ((int word, uint register, string label) in _addresses)
            {
                uint[] load = LoadAddress(register, start + ((ulong)_labels[label] * 4));
                for (int i = 0; i < load.Length; i++) _words[word + i] = load[i];
            }

            return [.. _words];
        }
    }
}
