using System.Buffers.Binary;

namespace CloudLab.Storage.Blobs.Checksums;

/// <summary>CRC-64/NVME (NVM Express NVM Command Set Specification, 64b CRC), sixteen bytes a step by tables.</summary>
internal static class Crc64Nvme
{
    /// <summary>The polynomial 0xAD93D23594C93659, reflected.</summary>
    public const ulong Polynomial = 0x9A6C9329AC4BC9B5;

    private const int Steps = 16;
    private const int TableLength = 256;

    // Table k is what a byte contributes that has k bytes behind it.
    private static readonly ulong[] Tables = MakeTables();

    public static ulong Continue(ulong crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        ReadOnlySpan<ulong> tables = Tables;
        for (; bytes.Length >= Steps; bytes = bytes[Steps..])
        {
            var low = BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]);
            crc = EightBytes(tables[(8 * TableLength)..], low) ^ EightBytes(tables, high);
        }

        foreach (var b in bytes)
            crc = tables[(byte)crc ^ b] ^ (crc >> 8);
        return ~crc;
    }

    private static ulong EightBytes(ReadOnlySpan<ulong> tables, ulong word) =>
        tables[(7 * TableLength) + (byte)word]
        ^ tables[(6 * TableLength) + (byte)(word >> 8)]
        ^ tables[(5 * TableLength) + (byte)(word >> 16)]
        ^ tables[(4 * TableLength) + (byte)(word >> 24)]
        ^ tables[(3 * TableLength) + (byte)(word >> 32)]
        ^ tables[(2 * TableLength) + (byte)(word >> 40)]
        ^ tables[TableLength + (byte)(word >> 48)]
        ^ tables[(byte)(word >> 56)];

    private static ulong[] MakeTables()
    {
        var tables = new ulong[Steps * TableLength];
        for (var i = 0; i < TableLength; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
            tables[i] = crc;
        }

        for (var i = TableLength; i < tables.Length; i++)
        {
            var before = tables[i - TableLength];
            tables[i] = tables[(byte)before] ^ (before >> 8);
        }

        return tables;
    }
}
