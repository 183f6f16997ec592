namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>How a request ended.</summary>
/// <param name="Response">The adapter's word.</param>
/// <param name="Sense">The unit's; <see cref="ScsiSense.None"/> when all is well.</param>
/// <param name="Transferred">Bytes of data moved.</param>
internal readonly record struct ScsiAnswer(ScsiResponse Response, ScsiSense Sense, ulong Transferred)
{
    /// <summary>Nothing but "done".</summary>
    public static readonly ScsiAnswer Done = Good(0);

    public ScsiStatus Status => Sense == ScsiSense.None ? ScsiStatus.Good : ScsiStatus.CheckCondition;

    public static ScsiAnswer Good(ulong transferred) => new(ScsiResponse.Ok, ScsiSense.None, transferred);

    public static ScsiAnswer Check(ScsiSense sense) => new(ScsiResponse.Ok, sense, 0);

    public static ScsiAnswer Failed(ScsiResponse response) => new(response, ScsiSense.None, 0);
}
