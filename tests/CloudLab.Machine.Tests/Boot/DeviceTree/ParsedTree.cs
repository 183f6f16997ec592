using System.Buffers.Binary;
using System.Text;

namespace CloudLab.Machine.Tests.Boot.DeviceTree;

/// <summary>A node read back from a flattened device tree (Devicetree Specification 0.4, chapter 5), with all its rules checked.</summary>
internal sealed class ParsedTree
{
    private readonly Dictionary<string, byte[]> _properties = [];

    public required string Name { get; init; }

    public List<ParsedTree> Children { get; } = [];

    public IReadOnlyDictionary<string, byte[]> Properties => _properties;

    public ParsedTree this[string path]
    {
        get
        {
            ParsedTree node = this;
            foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
                node = node.Children.Single(child => child.Name == name);
            return node;
        }
    }

    public static ParsedTree Parse(byte[] blob)
    {
        uint Header(int index) => BinaryPrimitives.ReadUInt32BigEndian(blob.AsSpan(index * 4));
        Check(Header(0) == 0xd00dfeed, "magic");
        Check(Header(1) == blob.Length, "totalsize");
        int structure = (int)Header(2), strings = (int)Header(3), map = (int)Header(4);
        Check(Header(5) == 17 && Header(6) == 16, "version");
        int stringsSize = (int)Header(8), structureSize = (int)Header(9);
        Check(map % 8 == 0 && structure % 4 == 0, "alignment");
        Check(structure + structureSize <= strings && strings + stringsSize <= blob.Length, "block bounds");
        Check(blob.AsSpan(map, 16).IndexOfAnyExcept((byte)0) < 0, "memory map");
        int position = structure;
        ParsedTree root = ParseNode(blob, ref position, strings, stringsSize);
        Check(Word(blob, ref position) == 9 && position == structure + structureSize, "end");
        return root;
    }

    public string[] Strings(string property)
    {
        string text = Encoding.UTF8.GetString(_properties[property]);
        Check(text.EndsWith('\0'), "string end");
        return text[..^1].Split('\0');
    }

    public uint[] Cells(string property)
    {
        byte[] value = _properties[property];
        Check(value.Length % 4 == 0, "cells");
        uint[] cells = new uint[value.Length / 4];
        for (int i = 0; i < cells.Length; i++) cells[i] = BinaryPrimitives.ReadUInt32BigEndian(value.AsSpan(i * 4));
        return cells;
    }

    /// <summary>A property of 64-bit values.</summary>
    public ulong[] Wides(string property) =>
        [.. Cells(property).Chunk(2).Select(pair => ((ulong)pair[0] << 32) | pair[1])];

    private static ParsedTree ParseNode(ReadOnlySpan<byte> blob, ref int position, int strings, int stringsSize)
    {
        Check(Word(blob, ref position) == 1, "FDT_BEGIN_NODE");
        var node = new ParsedTree { Name = Text(blob[position..]) };
        position = Aligned(position + node.Name.Length + 1);
        while (true)
        {
            int token = position;
            switch (Word(blob, ref position))
            {
                case 1:
                    position = token;
                    node.Children.Add(ParseNode(blob, ref position, strings, stringsSize));
                    break;
                case 2:
                    return node;
                case 3:
                    Check(node.Children.Count == 0, "properties precede subnodes");
                    int length = (int)Word(blob, ref position);
                    int name = (int)Word(blob, ref position);
                    Check(name < stringsSize, "name offset");
                    node._properties.Add(Text(blob[(strings + name)..]), blob.Slice(position, length).ToArray());
                    position = Aligned(position + length);
                    break;
                default:
                    throw new InvalidDataException("unknown token");
            }
        }
    }

    private static uint Word(ReadOnlySpan<byte> blob, ref int position)
    {
        uint word = BinaryPrimitives.ReadUInt32BigEndian(blob[position..]);
        position += 4;
        return word;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(bytes[..bytes.IndexOf((byte)0)]);

    private static int Aligned(int position) => (position + 3) & ~3;

    private static void Check(bool condition, string rule)
    {
        if (!condition) throw new InvalidDataException(rule);
    }
}
