using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>Why a command did not end well: sense key, additional sense code and its qualifier (SPC-4, sections 4.5.6 and F.2).</summary>
internal readonly record struct ScsiSense(byte Key, byte Code, byte Qualifier)
{
    /// <summary>The length of fixed-format sense data.</summary>
    public const int Size = 18;

    private const byte MediumError = 3;
    private const byte IllegalRequest = 5;
    private const byte UnitAttention = 6;
    private const byte DataProtect = 7;

    public static readonly ScsiSense None;
    public static readonly ScsiSense UnrecoveredReadError = new(MediumError, 0x11, 0x00);
    public static readonly ScsiSense WriteError = new(MediumError, 0x0c, 0x00);
    public static readonly ScsiSense ParameterListLength = new(IllegalRequest, 0x1a, 0x00);
    public static readonly ScsiSense InvalidOperation = new(IllegalRequest, 0x20, 0x00);
    public static readonly ScsiSense OutOfRange = new(IllegalRequest, 0x21, 0x00);
    public static readonly ScsiSense InvalidField = new(IllegalRequest, 0x24, 0x00);
    public static readonly ScsiSense UnitNotSupported = new(IllegalRequest, 0x25, 0x00);
    public static readonly ScsiSense InvalidParameter = new(IllegalRequest, 0x26, 0x00);
    public static readonly ScsiSense SavingNotSupported = new(IllegalRequest, 0x39, 0x00);
    public static readonly ScsiSense WriteProtected = new(DataProtect, 0x27, 0x00);
    public static readonly ScsiSense UnitWasReset = new(UnitAttention, 0x29, 0x03);
    public static readonly ScsiSense CapacityChanged = new(UnitAttention, 0x2a, 0x09);

    /// <summary>What a backend's result is to the driver.</summary>
    public static ScsiSense Of(BlockResult result, BlockRequestType type) => result switch
    {
        BlockResult.Ok => None,
        BlockResult.OutOfRange => OutOfRange,
        BlockResult.ReadOnly => WriteProtected,
        BlockResult.Unsupported => InvalidOperation,
        BlockResult.IoError => type == BlockRequestType.In ? UnrecoveredReadError : WriteError,
    };

    /// <summary>Writes it in the fixed format, for the current command (SPC-4, section 4.5.3).</summary>
    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        destination[0] = 0x70;
        destination[2] = Key;
        destination[7] = Size - 8;
        destination[12] = Code;
        destination[13] = Qualifier;
    }
}
