using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>Something that happened to a unit, <c>struct virtio_scsi_event</c> (virtio 1.3, section 5.6.6.3).</summary>
internal readonly record struct ScsiEvent(uint Event, int Lun, uint Reason)
{
    public const int Size = 16;

    public static ScsiEvent Attached(int lun) => new(ScsiEventCode.TransportReset, lun, ScsiEventCode.ResetRescan);

    public static ScsiEvent Detached(int lun) => new(ScsiEventCode.TransportReset, lun, ScsiEventCode.ResetRemoved);

    /// <summary>The reason is the additional sense code, then its qualifier.</summary>
    public static ScsiEvent Changed(int lun, ScsiSense sense) =>
        new(ScsiEventCode.ParamChange, lun, sense.Code | ((uint)sense.Qualifier << 8));

    public void Write(Span<byte> destination, bool missed)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Event | (missed ? ScsiEventCode.EventsMissed : 0));
        ScsiAddress.Write(Lun, destination[4..]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], Reason);
    }
}
