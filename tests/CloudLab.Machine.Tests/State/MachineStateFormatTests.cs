using System.Buffers.Binary;
using CloudLab.Machine.State;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.State;

public sealed class MachineStateFormatTests
{
    private static readonly byte[] Sample = BuildSample();

    [Fact]
    public async Task What_is_written_is_read()
    {
        MachineStateReader reader = await ReadAsync(Sample);
        reader.Open(StateSection.Clock, 1);
        Assert.Equal(0x1122_3344_5566_7788UL, reader.ReadUInt64());
        reader.Close();
        reader.Open(StateSection.Hart, 7, index: 3);
        Assert.Equal((byte)9, reader.ReadByte());
        Assert.True(reader.ReadBool());
        Assert.Equal((ushort)0xabcd, reader.ReadUInt16());
        Assert.Equal(0xdead_beefU, reader.ReadUInt32());
        Assert.Equal(UInt128.One << 90, reader.ReadUInt128(UInt128.MaxValue));
        reader.Close();
        reader.End();
    }

    [Fact]
    public void The_bytes_are_the_documented_ones()
    {
        Assert.Equal("89434C4D0D0A1A0A01000200", Convert.ToHexString(Sample, 0, 12));
        // Kind, version, index, length, content.
        Assert.Equal("030001000000000008000000" + "8877665544332211", Convert.ToHexString(Sample, 16, 20));
        Assert.Equal(Crc32C.Compute(Sample.AsSpan(16, 20)), BinaryPrimitives.ReadUInt32LittleEndian(Sample.AsSpan(36)));
        // The check value of the CRC catalogues.
        Assert.Equal(0xe306_9283U, Crc32C.Compute("123456789"u8));
    }

    [Fact]
    public void Every_flipped_bit_is_found() => Gen.Int[0, (Sample.Length * 8) - 1].Sample(bit =>
    {
        byte[] state = [.. Sample];
        state[bit / 8] ^= (byte)(1 << bit % 8);
        AssertRefused(state);
    });

    [Fact]
    public void Every_truncation_is_found()
    {
        for (int length = 0; length < Sample.Length; length++) AssertRefused(Sample[..length]);
    }

    [Fact]
    public void Bytes_behind_the_end_are_refused() => AssertRefused([.. Sample, 0]);

    [Fact]
    public void Any_bytes_are_read_or_refused() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        AssertRefused(bytes);
        AssertRefused([.. Sample[..16], .. bytes]);
    });

    [Fact]
    public void A_section_twice_is_refused()
    {
        List<StateBytes.Part> parts = StateBytes.Parse(Sample);
        AssertRefused(StateBytes.Build([.. parts, parts[0]]));
    }

    [Fact]
    public async Task Missing_unknown_newer_and_odd_sized_sections_are_refused_by_name()
    {
        Assert.Contains("Uart 0 is missing", Refusal(await ReadAsync(Sample), r => r.Open(StateSection.Uart, 1)));
        Assert.Contains("Hart 3 has version 7", Refusal(await ReadAsync(Sample), r => r.Open(StateSection.Hart, 6, 3)));
        Assert.Contains("belongs to no part", Refusal(await ReadAsync(Sample), r => r.End()));
        MachineStateReader reader = await ReadAsync(Sample);
        reader.Open(StateSection.Clock, 1);
        Assert.Contains("Clock 0 is too long", Refusal(reader, r => r.Close()));
        Assert.Contains("Clock 0 is too short", Refusal(reader, r => r.ReadBytes(new byte[9])));
        Assert.Contains("out of range", Refusal(reader, r => r.ReadBool()));
    }

    private static string Refusal(MachineStateReader reader, Action<MachineStateReader> read) =>
        Assert.Throws<MachineException>(() => read(reader)).Message;

    private static void AssertRefused(byte[] state) =>
        // A MemoryStream is read within the call.
        Assert.ThrowsAsync<MachineException>(() => ReadAsync(state)).GetAwaiter().GetResult();

    private static Task<MachineStateReader> ReadAsync(byte[] state) =>
        MachineStateReader.ReadAsync(new MemoryStream(state), TestContext.Current.CancellationToken);

    private static byte[] BuildSample()
    {
        var writer = new MachineStateWriter();
        writer.Begin(StateSection.Clock, 1);
        writer.Write(0x1122_3344_5566_7788UL);
        writer.End();
        writer.Begin(StateSection.Hart, 7, index: 3);
        writer.Write((byte)9);
        writer.Write(true);
        writer.Write((ushort)0xabcd);
        writer.Write(0xdead_beefU);
        writer.Write(UInt128.One << 90);
        writer.End();
        return writer.ToArray();
    }
}
