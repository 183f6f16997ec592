using System.Buffers.Binary;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>
/// One request on the control queue (virtio 1.3, section 5.6.6.2): a task management function or a question about
/// asynchronous notifications, of which there are none.
/// </summary>
/// <remarks>
/// <code>
/// TMF  readable {type u32, subtype u32, lun u8[8], id u64}   writable {response u8}
/// AN   readable {type u32, lun u8[8], event_requested u32}   writable {event_actual u32, response u8}
/// </code>
/// A backend's work cannot be called back: a function that aborts ends when the requests it is about have ended.
/// </remarks>
internal sealed class ScsiTask(GuestMemory memory)
{
    private const int TmfSize = 24;
    private const int AnSize = 16;
    private const int AnResponseSize = 5;

    private ScsiControlType _type;
    private ulong _id;

    public DescriptorChain Chain { get; } = new(memory);

    public ScsiAddress Address { get; private set; }

    public ScsiTaskFunction Function { get; private set; }

    /// <summary>Whether it is a task management function.</summary>
    public bool IsTmf => _type == ScsiControlType.Tmf;

    /// <summary>The generation of the queue it came from.</summary>
    public int Generation { get; set; }

    /// <summary>The youngest request that it can be about.</summary>
    public ulong Until { get; set; }

    /// <summary>The number of requests whose end it waits for.</summary>
    public int Waiting { get; set; }

    /// <summary>Makes sense of the chain; false when there is no sense in it or no room for the response.</summary>
    public bool TryParse()
    {
        Span<byte> bytes = stackalloc byte[TmfSize];
        if (Chain.ReadableLength < sizeof(uint) || !Chain.TryRead(0, bytes[..sizeof(uint)])) return false;
        _type = (ScsiControlType)BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        bytes = bytes[..(IsTmf ? TmfSize : AnSize)];
        if (_type > ScsiControlType.AnSubscribe || Chain.ReadableLength < (ulong)bytes.Length || !Chain.TryRead(0, bytes)) return false;
        if (Chain.WritableLength < (ulong)(IsTmf ? 1 : AnResponseSize)) return false;
        Address = ScsiAddress.Parse(bytes[(IsTmf ? 8 : 4)..]);
        if (!IsTmf) return true;
        Function = (ScsiTaskFunction)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        _id = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        return true;
    }

    /// <summary>Whether it is about a request that a backend works on.</summary>
    public bool Covers(ScsiRequest request)
    {
        if (request.Unit is null || request.Sequence > Until) return false;
        if (Function == ScsiTaskFunction.ITNexusReset) return true;
        bool isOne = Function is ScsiTaskFunction.AbortTask or ScsiTaskFunction.QueryTask;
        return request.Unit.Lun == Address.Lun && (!isOne || request.Id == _id);
    }

    /// <summary>Writes the response; false when it does not lie in RAM.</summary>
    public bool TryAnswer(ScsiResponse response, out uint written)
    {
        Span<byte> bytes = stackalloc byte[AnResponseSize];
        bytes.Clear();
        bytes = bytes[..(IsTmf ? 1 : AnResponseSize)];
        bytes[^1] = (byte)response;
        written = (uint)bytes.Length;
        return Chain.TryWrite(0, bytes);
    }
}
