namespace CloudLab.Machine.Devices.Virtio.Input;

/// <summary>Values of <c>select</c> in the configuration space (virtio 1.3, section 5.8.4).</summary>
internal static class InputSelect
{
    public const byte IdName = 0x01;
    public const byte IdSerial = 0x02;
    public const byte IdDevids = 0x03;
    public const byte EvBits = 0x11;
}

/// <summary>Event types and codes (Linux <c>input-event-codes.h</c>, which the specification refers to).</summary>
internal static class InputCode
{
    public const ushort EvSyn = 0x00;
    public const ushort EvKey = 0x01;
    public const ushort SynReport = 0;
    public const ushort KeyPower = 116;
}
