using System.Buffers.Binary;
using System.Text;
using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>What INQUIRY says of a unit: the standard data and the vital product data pages (SPC-4, sections 6.4 and 7.8; SBC-3, section 6.6).</summary>
internal static class ScsiInquiry
{
    /// <summary>The most bytes of an answer.</summary>
    public const int MaxLength = 96;

    /// <summary>The longest UNMAP or WRITE SAME in bytes: 32 MiB, so that one request stays short.</summary>
    public const uint MaxRange = 32 << 20;

    private const byte SupportedPages = 0x00;
    private const byte SerialNumber = 0x80;
    private const byte DeviceIdentification = 0x83;
    private const byte BlockLimits = 0xb0;
    private const byte BlockCharacteristics = 0xb1;
    private const byte ProvisioningPage = 0xb2;
    private const byte NoUnit = 0x7f; // qualifier 3, type 1Fh: the target has no unit here
    private const int PageHeader = 4;

    private static ReadOnlySpan<byte> Vendor => "CLOUDLAB"u8;

    private static ReadOnlySpan<byte> Product => "Volume          "u8;

    private static ReadOnlySpan<byte> Revision => "1   "u8;

    /// <summary>Writes the standard data, of a unit that there may not be.</summary>
    /// <returns>Its length.</returns>
    public static int WriteStandard(Span<byte> data, bool isPresent)
    {
        const int Length = 36;
        data[..Length].Clear();
        data[0] = isPresent ? (byte)0 : NoUnit;
        data[2] = 6; // SPC-4
        data[3] = 0x12; // HISUP, response data format 2
        data[4] = Length - 5;
        data[7] = 0x02; // CMDQUE
        Vendor.CopyTo(data[8..]);
        Product.CopyTo(data[16..]);
        Revision.CopyTo(data[32..]);
        return Length;
    }

    /// <summary>Writes a page of vital product data.</summary>
    /// <returns>Its length; 0 when there is no such page.</returns>
    public static int WritePage(Span<byte> data, byte page, IBlockBackend disk)
    {
        data.Clear();
        Span<byte> body = data[PageHeader..];
        int length = page switch
        {
            SupportedPages => WriteSupportedPages(body),
            SerialNumber => WriteSerial(body, disk),
            DeviceIdentification => WriteIdentification(body, disk),
            BlockLimits => WriteLimits(body, disk),
            BlockCharacteristics => WriteCharacteristics(body),
            ProvisioningPage => WriteProvisioning(body, disk),
            _ => -1,
        };
        if (length < 0) return 0;
        data[1] = page;
        BinaryPrimitives.WriteUInt16BigEndian(data[2..], (ushort)length);
        return PageHeader + length;
    }

    private static int WriteSupportedPages(Span<byte> body)
    {
        ReadOnlySpan<byte> pages =
            [SupportedPages, SerialNumber, DeviceIdentification, BlockLimits, BlockCharacteristics, ProvisioningPage];
        pages.CopyTo(body);
        return pages.Length;
    }

    private static int WriteSerial(Span<byte> body, IBlockBackend disk) =>
        Encoding.ASCII.GetBytes(disk.Id.AsSpan(0, Math.Min(disk.Id.Length, BlockRequest.IdLength)), body);

    // One designator: the vendor's name and the serial number ("T10 vendor ID based"), of the logical unit, in ASCII.
    private static int WriteIdentification(Span<byte> body, IBlockBackend disk)
    {
        body[0] = 0x02;
        body[1] = 0x01;
        Vendor.CopyTo(body[4..]);
        int length = Vendor.Length + WriteSerial(body[(4 + Vendor.Length)..], disk);
        body[3] = (byte)length;
        return 4 + length;
    }

    private static int WriteLimits(Span<byte> body, IBlockBackend disk)
    {
        uint blocks = MaxRange / (uint)disk.SectorSize;
        body[0] = 0x01; // WSNZ: WRITE SAME of no blocks is refused, not the whole disk
        if (!disk.IsReadOnly)
        {
            BinaryPrimitives.WriteUInt32BigEndian(body[16..], blocks); // MAXIMUM UNMAP LBA COUNT
            BinaryPrimitives.WriteUInt32BigEndian(body[20..], 1); // MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT
            BinaryPrimitives.WriteUInt32BigEndian(body[24..], 1); // OPTIMAL UNMAP GRANULARITY
            BinaryPrimitives.WriteUInt64BigEndian(body[32..], blocks); // MAXIMUM WRITE SAME LENGTH
        }

        return 60;
    }

    private static int WriteCharacteristics(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt16BigEndian(body, 1); // MEDIUM ROTATION RATE: none
        return 60;
    }

    // LBPRZ stays 0: a block that was unmapped may read as anything.
    private static int WriteProvisioning(Span<byte> body, IBlockBackend disk)
    {
        if (disk.IsReadOnly) return 4;
        body[1] = 0xc0; // LBPU, LBPWS: UNMAP and WRITE SAME (16) unmap
        body[2] = 0x02; // thin provisioned
        return 4;
    }
}
