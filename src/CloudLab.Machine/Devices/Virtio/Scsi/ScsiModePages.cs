using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>What MODE SENSE says of a unit (SPC-4, section 7.5; SBC-3, section 6.5). Nothing of it can be changed.</summary>
internal static class ScsiModePages
{
    /// <summary>The most bytes of an answer.</summary>
    public const int MaxLength = 64;

    private const byte Caching = 0x08;
    private const byte Control = 0x0a;
    private const byte AllPages = 0x3f;
    private const byte AllSubpages = 0xff;
    private const byte WriteProtect = 0x80;
    private const int ChangeableValues = 1;
    private const int SavedValues = 3;

    /// <summary>Answers MODE SENSE (6) or (10): header, no block descriptor, pages.</summary>
    public static ScsiAnswer Answer(ScsiRequest request, bool isReadOnly)
    {
        ScsiCommand command = request.Command;
        bool isLong = command.Operation == ScsiOperation.ModeSense10;
        int values = command[2] >> 6;
        byte page = (byte)(command[2] & 0x3f);
        if (values == SavedValues) return ScsiAnswer.Check(ScsiSense.SavingNotSupported);
        bool isKnown = command[3] == 0 || (page == AllPages && command[3] == AllSubpages);
        if (!isKnown || page is not (Caching or Control or AllPages)) return ScsiAnswer.Check(ScsiSense.InvalidField);

        Span<byte> data = stackalloc byte[MaxLength];
        data.Clear();
        int length = isLong ? 8 : 4;
        bool isShown = values != ChangeableValues;
        if (page is Caching or AllPages) length += WriteCaching(data[length..], isShown);
        if (page is Control or AllPages) length += WriteControl(data[length..], isShown);
        byte specific = isReadOnly ? WriteProtect : (byte)0;
        if (isLong)
        {
            BinaryPrimitives.WriteUInt16BigEndian(data, (ushort)(length - 2));
            data[3] = specific;
        }
        else
        {
            data[0] = (byte)(length - 1);
            data[2] = specific;
        }

        return request.Reply(data[..length], command.Length);
    }

    // WCE: what was written is durable only after SYNCHRONIZE CACHE, as the backend's flush says.
    private static int WriteCaching(Span<byte> page, bool isShown)
    {
        page[0] = Caching;
        page[1] = 18;
        if (isShown) page[2] = 0x04;
        return 20;
    }

    // QUEUE ALGORITHM MODIFIER 1: commands may be reordered, as the backend does.
    private static int WriteControl(Span<byte> page, bool isShown)
    {
        page[0] = Control;
        page[1] = 10;
        if (isShown) page[3] = 0x10;
        return 12;
    }
}
