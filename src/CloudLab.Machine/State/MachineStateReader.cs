using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace CloudLab.Machine.State;

/// <summary>Reads what a <see cref="MachineStateWriter"/> wrote. All of it is hostile.</summary>
/// <remarks>
/// Layout and checksums of all sections are verified before the first is opened. Whatever does not fit, here or in a
/// part's own checks by <see cref="Refuse"/>, is one <see cref="MachineException"/> that names the section.
/// </remarks>
internal sealed class MachineStateReader
{
    /// <summary>The longest state that is read: some hundred times the size of the largest machine's.</summary>
    private const int MaxLength = 16 << 20;

    private readonly Dictionary<(StateSection Kind, int Index), Section> _sections = [];
    private Section _open;
    private int _position;

    private MachineStateReader(ReadOnlyMemory<byte> state)
    {
        ReadOnlySpan<byte> header = state.Span;
        if (header.Length < MachineStateWriter.HeaderLength || !header[..8].SequenceEqual(MachineStateWriter.Magic))
            throw Damaged("it is not the state of a machine");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(header[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[12..]) != Crc32C.Compute(header[..12])) throw Damaged("its header's checksum is wrong");
        if (version != MachineStateWriter.Version) throw Damaged($"its format has version {version}; known is {MachineStateWriter.Version}");
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header[10..]);
        ReadOnlyMemory<byte> rest = state[MachineStateWriter.HeaderLength..];
        for (int i = 0; i < count; i++) rest = rest[Add(rest)..];
        if (!rest.IsEmpty) throw Damaged("bytes follow its last section");
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="MachineException">It holds no sound state.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static async Task<MachineStateReader> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var state = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (state.Length + read > MaxLength) throw Damaged($"it is longer than {MaxLength >> 20} MiB");
            state.Write(buffer, 0, read);
        }

        return new MachineStateReader(state.ToArray());
    }

    /// <summary>Goes to a section, which must be there, in this version; <see cref="Close"/> ends it.</summary>
    public void Open(StateSection kind, ushort version, int index = 0)
    {
        if (!_sections.Remove((kind, index), out _open)) throw Damaged($"section {kind} {index} is missing");
        if (_open.Version != version) Refuse($"has version {_open.Version}; known is {version}");
        _position = 0;
    }

    /// <summary>Checks that all of the section was read.</summary>
    public void Close()
    {
        if (_position != _open.Content.Length) Refuse("is too long");
    }

    /// <summary>Checks that every section was opened: one that is left belongs to a part that this machine does not have.</summary>
    public void End()
    {
        foreach ((StateSection kind, int index) in _sections.Keys) throw Damaged($"section {kind} {index} belongs to no part of the machine");
    }

    public byte ReadByte(byte max = byte.MaxValue) => InRange(Take(sizeof(byte))[0], max);

    public bool ReadBool() => ReadByte(1) != 0;

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint ReadUInt32(uint max = uint.MaxValue)
    {
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
        if (value > max) Refuse("holds a value out of range");
        return value;
    }

    /// <param name="mask">The bits that may be set.</param>
    public ulong ReadUInt64(ulong mask = ulong.MaxValue)
    {
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
        if ((value & ~mask) != 0) Refuse("holds a value out of range");
        return value;
    }

    public UInt128 ReadUInt128(UInt128 mask)
    {
        ulong low = ReadUInt64((ulong)mask);
        return new UInt128(ReadUInt64((ulong)(mask >> 64)), low);
    }

    public void ReadBytes(Span<byte> destination) => Take(destination.Length).CopyTo(destination);

    /// <summary>The open section is not what a machine can be in.</summary>
    [DoesNotReturn]
    public void Refuse(string reason) => throw Damaged($"section {_open.Kind} {_open.Index} {reason}");

    private static MachineException Damaged(string reason) => new($"the saved state cannot be restored: {reason}");

    private byte InRange(byte value, byte max)
    {
        if (value > max) Refuse("holds a value out of range");
        return value;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _open.Content.Length - _position) Refuse("is too short");
        ReadOnlySpan<byte> bytes = _open.Content.Span.Slice(_position, length);
        _position += length;
        return bytes;
    }

    /// <summary>Checks the section at the start of <paramref name="rest"/> and keeps it; its length with all around it.</summary>
    private int Add(ReadOnlyMemory<byte> rest)
    {
        const int Around = MachineStateWriter.SectionHeaderLength + MachineStateWriter.ChecksumLength;
        ReadOnlySpan<byte> bytes = rest.Span;
        if (bytes.Length < Around) throw Damaged("it is cut short");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (length > (uint)(bytes.Length - Around)) throw Damaged("it is cut short");
        int end = MachineStateWriter.SectionHeaderLength + (int)length;
        var kind = (StateSection)BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        int index = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[end..]) != Crc32C.Compute(bytes[..end]))
            throw Damaged($"the checksum of section {kind} {index} is wrong");
        var section = new Section(kind, BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]), index, rest[MachineStateWriter.SectionHeaderLength..end]);
        if (!_sections.TryAdd((kind, index), section)) throw Damaged($"section {kind} {index} is there twice");
        return end + MachineStateWriter.ChecksumLength;
    }

    private readonly record struct Section(StateSection Kind, ushort Version, int Index, ReadOnlyMemory<byte> Content);
}
