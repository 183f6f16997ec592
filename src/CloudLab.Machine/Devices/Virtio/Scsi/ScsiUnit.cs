using System.Buffers.Binary;
using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>What a unit has to tell the driver before it does another command (SAM-4, section 5.14).</summary>
[Flags]
internal enum ScsiAttention
{
    None = 0,
    Reset = 1,
    CapacityChanged = 2,
}

/// <summary>A logical unit: a disk on a backend, and the commands it knows (SPC-4, SBC-3). The adapter's lock guards it.</summary>
internal sealed class ScsiUnit(int lun, IBlockBackend disk)
{
    private const int MaxSectorSize = 4096;

    private TaskCompletionSource? _detached;
    private int _inFlight;

    public int Lun => lun;

    public IBlockBackend Disk => disk;

    /// <summary>What <see cref="IBlockBackend.SizeChanged"/> calls.</summary>
    public Action? SizeChanged { get; init; }

    public ScsiAttention Attention { get; set; }

    /// <summary>Whether it is on its way out and begins nothing any more.</summary>
    public bool IsDetaching => _detached is not null;

    /// <summary>Whether it is on its way out and its backend is done.</summary>
    public bool IsDetached => IsDetaching && _inFlight == 0;

    public void Begin() => _inFlight++;

    public void End()
    {
        if (--_inFlight == 0) _detached?.TrySetResult();
    }

    /// <summary>Begins nothing any more; the task ends when the backend is done with what had begun.</summary>
    public Task Detach()
    {
        _detached ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_inFlight == 0) _detached.TrySetResult();
        return _detached.Task;
    }

    /// <summary>Takes the attention that comes first, <see cref="ScsiSense.None"/> when there is none.</summary>
    public ScsiSense TakeAttention()
    {
        ScsiAttention first = Attention & (ScsiAttention)(-(int)Attention);
        Attention &= ~first;
        return first switch
        {
            ScsiAttention.Reset => ScsiSense.UnitWasReset,
            ScsiAttention.CapacityChanged => ScsiSense.CapacityChanged,
            _ => ScsiSense.None,
        };
    }

    /// <summary>Carries a command out, or makes it ready for the backend.</summary>
    /// <returns>Null when the request is to be submitted to <see cref="Disk"/>, else the answer.</returns>
    public ScsiAnswer? Execute(ScsiRequest request)
    {
        switch (request.Command.Operation)
        {
            case ScsiOperation.TestUnitReady:
            case ScsiOperation.StartStopUnit:
                return ScsiAnswer.Done;
            case ScsiOperation.RequestSense:
                return ReportSense(request, TakeAttention());
            case ScsiOperation.Inquiry:
                return Inquire(request);
            case ScsiOperation.ModeSense6:
            case ScsiOperation.ModeSense10:
                return ScsiModePages.Answer(request, disk.IsReadOnly);
            case ScsiOperation.ReadCapacity10:
            case ScsiOperation.ServiceActionIn16:
                return ReadCapacity(request);
            case ScsiOperation.Read6:
            case ScsiOperation.Read10:
            case ScsiOperation.Read16:
                return Transfer(request, BlockRequestType.In);
            case ScsiOperation.Write6:
            case ScsiOperation.Write10:
            case ScsiOperation.Write16:
                return Transfer(request, BlockRequestType.Out);
            case ScsiOperation.SynchronizeCache10:
            case ScsiOperation.SynchronizeCache16:
                return Synchronize(request);
            case ScsiOperation.Unmap:
                return Unmap(request);
            case ScsiOperation.WriteSame10:
            case ScsiOperation.WriteSame16:
                return WriteSame(request);
            case ScsiOperation.ReportLuns: // the target's
            default:
                return ScsiAnswer.Check(ScsiSense.InvalidOperation);
        }
    }

    /// <summary>Answers REQUEST SENSE with sense data in the fixed format, the only one there is.</summary>
    public static ScsiAnswer ReportSense(ScsiRequest request, ScsiSense sense)
    {
        if ((request.Command[1] & 1) != 0) return ScsiAnswer.Check(ScsiSense.InvalidField);
        Span<byte> data = stackalloc byte[ScsiSense.Size];
        sense.Write(data);
        return request.Reply(data, request.Command.Length);
    }

    private ScsiAnswer Inquire(ScsiRequest request)
    {
        ScsiCommand command = request.Command;
        bool wantsPage = (command[1] & 1) != 0;
        Span<byte> data = stackalloc byte[ScsiInquiry.MaxLength];
        int length = wantsPage ? ScsiInquiry.WritePage(data, command[2], disk)
            : command[2] == 0 ? ScsiInquiry.WriteStandard(data, isPresent: true)
            : 0;
        return length == 0 ? ScsiAnswer.Check(ScsiSense.InvalidField) : request.Reply(data[..length], command.Length);
    }

    private ScsiAnswer ReadCapacity(ScsiRequest request)
    {
        const int ReadCapacity16 = 0x10;
        const byte Provisioned = 0x80; // LBPME
        ScsiCommand command = request.Command;
        ulong last = disk.Size / (ulong)disk.SectorSize - 1;
        Span<byte> data = stackalloc byte[32];
        data.Clear();
        if (command.Operation == ScsiOperation.ReadCapacity10)
        {
            BinaryPrimitives.WriteUInt32BigEndian(data, (uint)Math.Min(last, uint.MaxValue));
            BinaryPrimitives.WriteInt32BigEndian(data[4..], disk.SectorSize);
            return request.Reply(data[..8], 8);
        }

        if ((command[1] & 0x1f) != ReadCapacity16) return ScsiAnswer.Check(ScsiSense.InvalidField);
        BinaryPrimitives.WriteUInt64BigEndian(data, last);
        BinaryPrimitives.WriteInt32BigEndian(data[8..], disk.SectorSize);
        data[14] = disk.IsReadOnly ? (byte)0 : Provisioned;
        return request.Reply(data, command.Length);
    }

    private ScsiAnswer? Transfer(ScsiRequest request, BlockRequestType type)
    {
        ScsiCommand command = request.Command;
        bool writes = type == BlockRequestType.Out;
        if (writes && disk.IsReadOnly) return ScsiAnswer.Check(ScsiSense.WriteProtected);
        if (command.WantsProtection || (writes && command.ForcesUnitAccess)) return ScsiAnswer.Check(ScsiSense.InvalidField);
        bool isShort = command.Operation is ScsiOperation.Read6 or ScsiOperation.Write6;
        uint blocks = isShort && command.Length == 0 ? 256 : command.Length;
        if (!TryGetRange(command.Block, blocks, out ulong offset, out ulong length)) return ScsiAnswer.Check(ScsiSense.OutOfRange);
        return length == 0 ? ScsiAnswer.Done : request.PrepareTransfer(type, offset, length);
    }

    // The range is a hint: all is flushed.
    private ScsiAnswer? Synchronize(ScsiRequest request)
    {
        ScsiCommand command = request.Command;
        if (!TryGetRange(command.Block, command.Length, out _, out _)) return ScsiAnswer.Check(ScsiSense.OutOfRange);
        request.SetRange(BlockRequestType.Flush, 0, 0);
        return null;
    }

    // The parameter list: a header of 8 bytes and at most one descriptor {LBA u64, blocks u32, reserved u32}, as the
    // block limits page says.
    private ScsiAnswer? Unmap(ScsiRequest request)
    {
        const int Header = 8;
        const int Descriptor = 16;
        ScsiCommand command = request.Command;
        if (disk.IsReadOnly) return ScsiAnswer.Check(ScsiSense.WriteProtected);
        if ((command[1] & 1) != 0) return ScsiAnswer.Check(ScsiSense.InvalidField);
        uint given = command.Length;
        if (given == 0) return ScsiAnswer.Done;
        if (given < Header) return ScsiAnswer.Check(ScsiSense.ParameterListLength);
        if (given > request.DataOutLength) return ScsiAnswer.Failed(ScsiResponse.Overrun);
        Span<byte> list = stackalloc byte[Header + Descriptor];
        list.Clear();
        if (!request.TryReadData(list[..(int)Math.Min(given, Header + Descriptor)])) return ScsiAnswer.Failed(ScsiResponse.Failure);
        uint descriptors = BinaryPrimitives.ReadUInt16BigEndian(list[2..]);
        if (descriptors == 0) return ScsiAnswer.Good(given);
        if (descriptors != Descriptor || given < Header + Descriptor) return ScsiAnswer.Check(ScsiSense.InvalidParameter);
        ulong block = BinaryPrimitives.ReadUInt64BigEndian(list[Header..]);
        uint blocks = BinaryPrimitives.ReadUInt32BigEndian(list[(Header + 8)..]);
        if (!TryGetRange(block, blocks, out ulong offset, out ulong length)) return ScsiAnswer.Check(ScsiSense.OutOfRange);
        if (length > ScsiInquiry.MaxRange) return ScsiAnswer.Check(ScsiSense.InvalidParameter);
        if (length == 0) return ScsiAnswer.Good(given);
        request.SetRange(BlockRequestType.Discard, offset, length);
        return null;
    }

    // Zeroes only, which is all that file systems ask for; with or without UNMAP the range reads as zeroes afterwards.
    private ScsiAnswer? WriteSame(ScsiRequest request)
    {
        const int Anchor = 0x10;
        const int NoData = 0x01;
        ScsiCommand command = request.Command;
        if (disk.IsReadOnly) return ScsiAnswer.Check(ScsiSense.WriteProtected);
        if (command.WantsProtection || (command[1] & Anchor) != 0 || command.Length == 0) return ScsiAnswer.Check(ScsiSense.InvalidField);
        if (!TryGetRange(command.Block, command.Length, out ulong offset, out ulong length)) return ScsiAnswer.Check(ScsiSense.OutOfRange);
        if (length > ScsiInquiry.MaxRange) return ScsiAnswer.Check(ScsiSense.InvalidField);
        if (command.Operation == ScsiOperation.WriteSame10 || (command[1] & NoData) == 0)
        {
            Span<byte> pattern = stackalloc byte[MaxSectorSize];
            pattern = pattern[..disk.SectorSize];
            if ((ulong)pattern.Length > request.DataOutLength) return ScsiAnswer.Failed(ScsiResponse.Overrun);
            if (!request.TryReadData(pattern)) return ScsiAnswer.Failed(ScsiResponse.Failure);
            if (pattern.ContainsAnyExcept((byte)0)) return ScsiAnswer.Check(ScsiSense.InvalidField);
        }

        request.SetRange(BlockRequestType.WriteZeroes, offset, length);
        return null;
    }

    private bool TryGetRange(ulong block, uint blocks, out ulong offset, out ulong length)
    {
        ulong size = (ulong)disk.SectorSize;
        length = blocks * size;
        offset = unchecked(block * size);
        return block <= disk.Size / size && BlockRange.Fits(disk, offset, length);
    }
}
