namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>Whom a request is for, as the eight bytes <c>lun</c> say (virtio 1.3, section 5.6.6.1).</summary>
/// <param name="IsTarget">Whether it is our one target, number 0.</param>
/// <param name="Lun">The number of the logical unit; -1 when it is not in a form that ours have.</param>
internal readonly record struct ScsiAddress(bool IsTarget, int Lun)
{
    public const int Size = 8;

    private const int PeripheralMethod = 0;
    private const int FlatMethod = 1;

    public static ScsiAddress Parse(ReadOnlySpan<byte> bytes)
    {
        int number = ((bytes[2] & 0x3f) << 8) | bytes[3];
        bool isUnit = bytes[2] >> 6 is PeripheralMethod or FlatMethod && number < ScsiTarget.MaxUnits;
        return new ScsiAddress(bytes[0] == 1 && bytes[1] == 0, isUnit ? number : -1);
    }

    /// <summary>Writes a unit's number as REPORT LUNS lists it: the first level, peripheral device addressing.</summary>
    public static void WriteLun(int lun, Span<byte> bytes)
    {
        bytes[..Size].Clear();
        bytes[1] = (byte)lun;
    }

    /// <summary>Writes a unit's address as an event has it. Linux expects the addressing method of <see cref="WriteLun"/>.</summary>
    public static void Write(int lun, Span<byte> bytes)
    {
        bytes[..Size].Clear();
        bytes[0] = 1;
        bytes[3] = (byte)lun;
    }
}
