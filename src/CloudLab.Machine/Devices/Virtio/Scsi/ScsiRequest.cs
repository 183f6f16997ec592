using System.Buffers.Binary;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>One command of the driver, <c>struct virtio_scsi_req_cmd</c> (virtio 1.3, section 5.6.6.1).</summary>
/// <remarks>
/// <code>
/// readable  {lun u8[8], id u64, task_attr u8, prio u8, crn u8, cdb u8[cdb_size]}  data out
/// writable  {sense_len u32, residual u32, status_qualifier u16, status u8, response u8, sense u8[sense_size]}  data in
/// </code>
/// </remarks>
internal sealed class ScsiRequest(ScsiDevice device, GuestMemory memory) : BackendRequest(memory)
{
    private const int FixedHeader = 19;
    private const int FixedResponse = 12;

    private readonly byte[] _command = new byte[ScsiCommand.Size];
    private uint _senseSize;
    private ulong _dataIn;
    private ulong _dataOut;

    public ScsiAddress Address { get; private set; }

    /// <summary>The driver's name for it, for task management.</summary>
    public ulong Id { get; private set; }

    public ScsiCommand Command => new(_command);

    /// <summary>The unit whose backend works on it; null when none does.</summary>
    public ScsiUnit? Unit { get; set; }

    /// <summary>Rises from request to request that a backend works on.</summary>
    public ulong Sequence { get; set; }

    /// <summary>Whether the chain has room for a response; without it no answer can be given.</summary>
    public bool HasResponse => Chain.WritableLength >= _dataIn;

    /// <summary>Bytes of data from the driver; a chain that is too short for a command has none.</summary>
    public ulong DataOutLength => Chain.ReadableLength > _dataOut ? Chain.ReadableLength - _dataOut : 0;

    private ulong DataInLength => Chain.WritableLength - _dataIn;

    /// <summary>Makes sense of the chain; false when it holds no command or has no room for the response.</summary>
    public bool TryParse(ScsiState state)
    {
        Buffers.Clear();
        Offset = Length = 0;
        _senseSize = state.SenseSize;
        _dataIn = FixedResponse + state.SenseSize;
        _dataOut = FixedHeader + state.CdbSize;
        if (!HasResponse || Chain.ReadableLength < _dataOut) return false;
        Span<byte> header = stackalloc byte[FixedHeader + ScsiCommand.Size];
        header.Clear();
        if (!Chain.TryRead(0, header[..(int)Math.Min((ulong)header.Length, _dataOut)])) return false;
        Address = ScsiAddress.Parse(header);
        Id = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        header[FixedHeader..].CopyTo(_command);
        return true;
    }

    /// <summary>Makes it a read or a write of a range of the disk.</summary>
    /// <returns>Null when it may be submitted, else the answer.</returns>
    public ScsiAnswer? PrepareTransfer(BlockRequestType type, ulong offset, ulong length)
    {
        SetRange(type, offset, length);
        bool reads = type == BlockRequestType.In;
        if (length > (reads ? DataInLength : DataOutLength)) return ScsiAnswer.Failed(ScsiResponse.Overrun);
        bool inRam = reads ? Chain.TryGetWritable(_dataIn, length, Buffers) : Chain.TryGetReadable(_dataOut, length, Buffers);
        return inRam ? null : ScsiAnswer.Failed(ScsiResponse.Failure);
    }

    /// <summary>Makes it something else that the backend does to a range of the disk, or to all of it.</summary>
    public void SetRange(BlockRequestType type, ulong offset, ulong length)
    {
        Type = type;
        Offset = offset;
        Length = length;
    }

    /// <summary>Copies the first bytes of the driver's data, which has at least that many; false when they are not in RAM.</summary>
    public bool TryReadData(Span<byte> destination) => Chain.TryRead(_dataOut, destination);

    /// <summary>Gives data to the driver, as much of it as the command allows.</summary>
    public ScsiAnswer Reply(ReadOnlySpan<byte> data, uint allocated)
    {
        ulong length = Math.Min((ulong)data.Length, allocated);
        if (length > DataInLength) return ScsiAnswer.Failed(ScsiResponse.Overrun);
        return Chain.TryWrite(_dataIn, data[..(int)length]) ? ScsiAnswer.Good(length) : ScsiAnswer.Failed(ScsiResponse.Failure);
    }

    /// <summary>What the backend's result is to the driver.</summary>
    public ScsiAnswer AnswerOf(BlockResult result)
    {
        bool transfers = Type is BlockRequestType.In or BlockRequestType.Out;
        return result == BlockResult.Ok ? ScsiAnswer.Good(transfers ? Length : 0) : ScsiAnswer.Check(ScsiSense.Of(result, Type));
    }

    /// <summary>Tells guest memory of a read, which may have changed the buffers even when it failed.</summary>
    public void MarkDataWritten() => Chain.MarkWritten(_dataIn + Length);

    /// <summary>Writes the response; false when it does not lie in RAM.</summary>
    /// <param name="answer">How the request ended.</param>
    /// <param name="written">The number of writable bytes written, for the used ring.</param>
    public bool TryAnswer(in ScsiAnswer answer, out uint written)
    {
        bool isCheck = answer.Status == ScsiStatus.CheckCondition;
        ulong residual = DataInLength + DataOutLength - answer.Transferred;
        Span<byte> response = stackalloc byte[FixedResponse + (int)ScsiState.MaxSenseSize];
        response.Clear();
        if (isCheck) answer.Sense.Write(response[FixedResponse..]);
        BinaryPrimitives.WriteUInt32LittleEndian(response, isCheck ? Math.Min(ScsiSense.Size, _senseSize) : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(response[4..], (uint)Math.Min(residual, uint.MaxValue));
        response[10] = (byte)answer.Status;
        response[11] = (byte)answer.Response;
        // What a write moved is not ours; there is no room for it among the writable bytes of a sound chain.
        written = (uint)Math.Min(_dataIn + Math.Min(answer.Transferred, DataInLength), uint.MaxValue);
        return Chain.TryWrite(0, response[..(int)_dataIn]);
    }

    protected override void Complete(BlockResult result) => device.Complete(this, result);
}
