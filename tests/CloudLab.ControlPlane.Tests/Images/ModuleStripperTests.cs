using System.Buffers.Binary;
using System.Text;
using CloudLab.ControlPlane.Images.Building;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class ModuleStripperTests
{
    private const uint Progbits = 1;
    private const uint Symtab = 2;
    private const uint Strtab = 3;
    private const uint Rela = 4;

    /// <summary>Local symbols first, as ELF has it; the value tells symbols of one name apart.</summary>
    private static readonly Gen<(string Name, bool Local, ulong Value)[]> Symbols =
        Gen.Select(Gen.OneOf(Gen.Const(".L0"), Gen.Const(".L1"), Gen.Const("f"), Gen.Const("$x")), Gen.Bool).Array[0, 30].Select(symbols => symbols
            .OrderByDescending(s => s.Item2)
            .Select((s, i) => (s.Item1, s.Item2, (ulong)i))
            .ToArray());

    [Fact]
    public void Every_relocation_names_the_same_symbol_afterwards()
    {
        Gen.Select(Symbols, Gen.Int[0, 1000].Array[0, 30]).Sample((symbols, picks) =>
        {
            var targets = picks.Select(p => (uint)(p % (symbols.Length + 1))).ToArray();
            var before = new Module(Build(symbols, targets));
            var after = new Module(ModuleStripper.Strip(before.Bytes));

            Assert.Equal(before.RelocationTargets(), after.RelocationTargets());
            Assert.Equal(before.Content(".text"), after.Content(".text"));
            // What is gone are local labels that nothing names, and nothing else.
            var used = before.RelocationTargets().ToHashSet();
            Assert.Equal(
                before.SymbolNames().Where(s =>
                    !s.Local || !s.Name.StartsWith(".L", StringComparison.Ordinal) || used.Contains((s.Name, s.Value))),
                after.SymbolNames());
        });
    }

    [Fact]
    public void Signature_debug_and_type_information_go_and_indices_stay()
    {
        var module = Build([("f1", false, 1)], [1]);
        byte[] signed = [.. module, .. "signature~Module signature appended~\n"u8];

        var stripped = ModuleStripper.Strip(signed);
        Assert.True(stripped.AsSpan().IndexOf("~Module signature"u8) < 0);
        Assert.True(stripped.AsSpan().IndexOf("type information"u8) < 0);
        var after = new Module(stripped);
        Assert.Equal(new Module(module).Sections, after.Sections);
        Assert.Equal(0u, after.Type(3));
        Assert.Equal(stripped, ModuleStripper.Strip(stripped));
    }

    [Fact]
    public void A_damaged_module_is_invalid_data_and_never_anything_else()
    {
        var module = Build([(".L1", true, 1), (".L2", true, 2), ("f", false, 3)], [1, 3]);
        Gen.Select(Gen.Int[0, module.Length], Gen.Select(Gen.Int[0, module.Length - 1], Gen.Byte).Array[0, 4]).Sample((length, edits) =>
        {
            var damaged = module.ToArray();
            foreach (var (at, value) in edits)
                damaged[at] = value;
            try
            {
                ModuleStripper.Strip(damaged.AsSpan(0, length));
            }
            catch (InvalidDataException)
            {
                // The one way to refuse.
            }
        });
    }

    /// <summary>Sections: null, .text, .rela.text, .BTF, .symtab, .strtab, .shstrtab.</summary>
    private static byte[] Build((string Name, bool Local, ulong Value)[] symbols, uint[] targets)
    {
        var names = new StringBuilder("\0");
        uint Name(string name)
        {
            var at = names.Length;
            names.Append(name).Append('\0');
            return (uint)at;
        }

        var text = new StringBuilder("\0");
        var table = new byte[24 * (symbols.Length + 1)];
        for (var i = 0; i < symbols.Length; i++)
        {
            var symbol = table.AsSpan(24 * (i + 1));
            BinaryPrimitives.WriteUInt32LittleEndian(symbol, (uint)text.Length);
            symbol[4] = symbols[i].Local ? (byte)0 : (byte)0x10;
            symbol[6] = 1;
            BinaryPrimitives.WriteUInt64LittleEndian(symbol[8..], symbols[i].Value);
            text.Append(symbols[i].Name).Append('\0');
        }

        var relocations = new byte[24 * targets.Length];
        for (var i = 0; i < targets.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(relocations.AsSpan(24 * i), (ulong)i);
            BinaryPrimitives.WriteUInt32LittleEndian(relocations.AsSpan((24 * i) + 8), 2);
            BinaryPrimitives.WriteUInt32LittleEndian(relocations.AsSpan((24 * i) + 12), targets[i]);
        }

        var locals = (uint)symbols.Count(s => s.Local) + 1;
        (uint Name, uint Type, byte[] Content, uint Link, uint Info)[] sections =
        [
            (0, 0, [], 0, 0),
            (Name(".text"), Progbits, "some code"u8.ToArray(), 0, 0),
            (Name(".rela.text"), Rela, relocations, 4, 1),
            (Name(".BTF"), Progbits, "type information"u8.ToArray(), 0, 0),
            (Name(".symtab"), Symtab, table, 5, locals),
            (Name(".strtab"), Strtab, Encoding.ASCII.GetBytes(text.ToString()), 0, 0),
            (Name(".shstrtab"), Strtab, Encoding.ASCII.GetBytes(names.ToString()), 0, 0),
        ];

        var output = new MemoryStream();
        output.Write(new byte[64]);
        var headers = new byte[64 * sections.Length];
        for (var i = 0; i < sections.Length; i++)
        {
            var header = headers.AsSpan(64 * i);
            BinaryPrimitives.WriteUInt32LittleEndian(header, sections[i].Name);
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], sections[i].Type);
            BinaryPrimitives.WriteInt64LittleEndian(header[24..], output.Length);
            BinaryPrimitives.WriteInt64LittleEndian(header[32..], sections[i].Content.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header[40..], sections[i].Link);
            BinaryPrimitives.WriteUInt32LittleEndian(header[44..], sections[i].Info);
            BinaryPrimitives.WriteUInt64LittleEndian(header[48..], 1);
            output.Write(sections[i].Content);
        }

        var table0 = output.Length;
        output.Write(headers);
        var module = output.ToArray();
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(module);
        module[16] = 1;
        BinaryPrimitives.WriteInt64LittleEndian(module.AsSpan(40), table0);
        module[60] = (byte)sections.Length;
        module[62] = (byte)(sections.Length - 1);
        return module;
    }

    /// <summary>Reads what <see cref="Build"/> wrote, by section index.</summary>
    private sealed class Module(byte[] bytes)
    {
        public byte[] Bytes => bytes;

        public int Sections => bytes[60];

        public uint Type(int index) => BinaryPrimitives.ReadUInt32LittleEndian(Header(index)[4..]);

        public byte[] Content(string name)
        {
            var index = name switch { ".text" => 1, ".rela.text" => 2, ".symtab" => 4, ".strtab" => 5, _ => throw new ArgumentException(name) };
            var offset = (int)BinaryPrimitives.ReadInt64LittleEndian(Header(index)[24..]);
            return bytes[offset..(offset + (int)BinaryPrimitives.ReadInt64LittleEndian(Header(index)[32..]))];
        }

        public List<(string Name, bool Local, ulong Value)> SymbolNames()
        {
            var table = Content(".symtab");
            var text = Content(".strtab");
            var locals = BinaryPrimitives.ReadUInt32LittleEndian(Header(4)[44..]);
            var result = new List<(string, bool, ulong)>();
            for (var i = 0; i < table.Length / 24; i++)
            {
                var start = (int)BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(24 * i));
                var end = Array.IndexOf(text, (byte)0, start);
                result.Add((
                    Encoding.ASCII.GetString(text, start, end - start), i < locals,
                    BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan((24 * i) + 8))));
            }

            return result;
        }

        public List<(string Name, ulong Value)> RelocationTargets()
        {
            var symbols = SymbolNames();
            var relocations = Content(".rela.text");
            return [.. Enumerable.Range(0, relocations.Length / 24)
                .Select(i => symbols[(int)BinaryPrimitives.ReadUInt32LittleEndian(relocations.AsSpan((24 * i) + 12))])
                .Select(s => (s.Name, s.Value))];
        }

        private ReadOnlySpan<byte> Header(int index) =>
            bytes.AsSpan((int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(40)) + (64 * index), 64);
    }
}
