using System.Buffers.Binary;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Tests.State;

/// <summary>Takes a saved state apart, and makes one whose checksums are right whatever is in it.</summary>
internal static class StateBytes
{
    public sealed record Part(ushort Kind, ushort Version, int Index, byte[] Content);

    public static List<Part> Parse(byte[] state)
    {
        var parts = new List<Part>();
        for (int at = MachineStateWriter.HeaderLength; at < state.Length;)
        {
            ReadOnlySpan<byte> section = state.AsSpan(at);
            int length = BinaryPrimitives.ReadInt32LittleEndian(section[8..]);
            parts.Add(new Part(
                BinaryPrimitives.ReadUInt16LittleEndian(section), BinaryPrimitives.ReadUInt16LittleEndian(section[2..]),
                BinaryPrimitives.ReadInt32LittleEndian(section[4..]), section.Slice(12, length).ToArray()));
            at += 16 + length;
        }

        return parts;
    }

    public static byte[] Build(IEnumerable<Part> parts)
    {
        var writer = new MachineStateWriter();
        foreach (Part part in parts)
        {
            writer.Begin((StateSection)part.Kind, part.Version, part.Index);
            writer.Write(part.Content);
            writer.End();
        }

        return writer.ToArray();
    }

    /// <summary>All sections as text, without the one that names the RAM file.</summary>
    public static string[] Describe(byte[] state) =>
        [.. Parse(state).Where(part => part.Kind != (int)StateSection.Memory)
            .Select(part => $"{(StateSection)part.Kind} {part.Index} v{part.Version} {Convert.ToHexString(part.Content)}")];
}
