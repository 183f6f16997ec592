using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>The adapter's one target: its logical units, and what it answers where there is none. The adapter's lock guards it.</summary>
internal sealed class ScsiTarget
{
    /// <summary>The number of logical units there can be, 0 to this less 1.</summary>
    public const int MaxUnits = 32;

    private readonly ScsiUnit?[] _units = new ScsiUnit?[MaxUnits];

    public ReadOnlySpan<ScsiUnit?> Units => _units;

    /// <summary>Adds a unit; false when its place is taken.</summary>
    public bool TryAdd(ScsiUnit unit)
    {
        if (_units[unit.Lun] is not null) return false;
        _units[unit.Lun] = unit;
        return true;
    }

    /// <summary>Frees a unit's place, once it is detached.</summary>
    public void RemoveIfDetached(ScsiUnit unit)
    {
        if (unit.IsDetached && _units[unit.Lun] == unit) _units[unit.Lun] = null;
    }

    /// <summary>The unit at an address, be it on its way out; null when there is none.</summary>
    public ScsiUnit? Find(ScsiAddress address) => address is { IsTarget: true, Lun: >= 0 } ? _units[address.Lun] : null;

    /// <summary>Carries a command out, or makes it ready for a backend.</summary>
    /// <returns>Null when the request is to be submitted to <paramref name="unit"/>, else the answer.</returns>
    public ScsiAnswer? Execute(ScsiRequest request, out ScsiUnit? unit)
    {
        unit = null;
        if (!request.Address.IsTarget) return ScsiAnswer.Failed(ScsiResponse.BadTarget);
        ScsiOperation operation = request.Command.Operation;
        if (operation == ScsiOperation.ReportLuns) return ReportLuns(request);
        unit = Find(request.Address);
        if (unit is null or { IsDetaching: true }) return AnswerWithoutUnit(request);
        if (unit.Attention != ScsiAttention.None && operation is not (ScsiOperation.Inquiry or ScsiOperation.RequestSense))
            return ScsiAnswer.Check(unit.TakeAttention());
        return unit.Execute(request);
    }

    private static ScsiAnswer AnswerWithoutUnit(ScsiRequest request)
    {
        ScsiCommand command = request.Command;
        switch (command.Operation)
        {
            case ScsiOperation.Inquiry when (command[1] & 1) == 0 && command[2] == 0:
                Span<byte> data = stackalloc byte[ScsiInquiry.MaxLength];
                return request.Reply(data[..ScsiInquiry.WriteStandard(data, isPresent: false)], command.Length);
            case ScsiOperation.RequestSense:
                return ScsiUnit.ReportSense(request, ScsiSense.UnitNotSupported);
            default:
                return ScsiAnswer.Check(ScsiSense.UnitNotSupported);
        }
    }

    // SPC-4, section 6.33. There are no well-known units, which SELECT REPORT 1 would list.
    private ScsiAnswer ReportLuns(ScsiRequest request)
    {
        const int WellKnownOnly = 1;
        const int All = 2;
        const int Header = 8;
        ScsiCommand command = request.Command;
        if (command[2] > All || command.Length < 16) return ScsiAnswer.Check(ScsiSense.InvalidField);
        Span<byte> data = stackalloc byte[Header + MaxUnits * ScsiAddress.Size];
        data.Clear();
        int length = Header;
        foreach (ScsiUnit? unit in _units)
        {
            if (unit is null or { IsDetaching: true } || command[2] == WellKnownOnly) continue;
            ScsiAddress.WriteLun(unit.Lun, data[length..]);
            length += ScsiAddress.Size;
        }

        BinaryPrimitives.WriteInt32BigEndian(data, length - Header);
        return request.Reply(data[..length], command.Length);
    }
}
