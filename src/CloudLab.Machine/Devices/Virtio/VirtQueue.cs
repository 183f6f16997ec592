using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices.Virtio;

/// <summary>What <see cref="VirtQueue.TryPop"/> found. A closed set.</summary>
internal enum PopResult
{
    /// <summary>A chain was taken.</summary>
    Chain,

    /// <summary>The ring is empty; the driver will notify.</summary>
    Empty,

    /// <summary>
    /// The host has no memory for what the device would write: the machine pauses, the request stays in the ring and is
    /// looked for again when the machine goes on.
    /// </summary>
    Starved,

    /// <summary>The driver broke the ring's rules: the device needs a reset.</summary>
    Broken,
}

/// <summary>
/// The device's end of a split virtqueue (virtio 1.3, section 2.7) with indirect descriptors and event index. Not
/// thread-safe: its device's lock guards it. Nothing the guest writes makes a method throw or loop for longer than
/// <see cref="MaxSize"/> steps.
/// </summary>
internal sealed class VirtQueue(GuestMemory memory, int maxSize)
{
    private SplitRing? _ring;
    private VirtQueueState _state;
    private bool _eventIndex;
    private bool _indirect;

    /// <summary>The largest ring, and the longest chain, indirect descriptors included.</summary>
    public int MaxSize => maxSize;

    public bool Ready => _state.Ready;

    /// <summary>Rises whenever the ring is set up or taken away: a request that was popped before belongs to no ring.</summary>
    public int Generation { get; private set; }

    /// <summary>Set-up registers; the driver sets them before the queue is ready.</summary>
    public ref VirtQueueState State => ref _state;

    /// <summary>Forgets the ring and its set-up.</summary>
    public void Reset()
    {
        _state = default;
        _ring = null;
        Generation++;
    }

    /// <summary>Stops using the ring.</summary>
    public void Disable()
    {
        _state.Ready = false;
        _ring = null;
        Generation++;
    }

    /// <summary>Begins at the ring's start; false when the set-up is unsound.</summary>
    public bool TryEnable()
    {
        _ring = SplitRing.TryMap(memory, _state, maxSize);
        if (_ring is null) return false;
        _state.Ready = true;
        _state.NextAvailable = _state.NextUsed = _state.SignalledUsed = 0;
        Generation++;
        return true;
    }

    /// <summary>The features that the driver accepted, before the first pop.</summary>
    public void SetFeatures(ulong features)
    {
        _eventIndex = (features & VirtioFeatures.EventIdx) != 0;
        _indirect = (features & VirtioFeatures.IndirectDesc) != 0;
    }

    /// <summary>Writes what is remembered outside guest memory into the open section.</summary>
    public void Save(MachineStateWriter writer)
    {
        writer.Write(_state.Size);
        writer.Write(_state.Ready);
        writer.Write(_state.DescriptorArea);
        writer.Write(_state.DriverArea);
        writer.Write(_state.DeviceArea);
        writer.Write(_state.NextAvailable);
        writer.Write(_state.NextUsed);
        writer.Write(_state.SignalledUsed);
    }

    /// <summary>Takes over what <see cref="Save"/> wrote.</summary>
    public void Restore(MachineStateReader reader)
    {
        _state = new VirtQueueState
        {
            Size = reader.ReadUInt32(),
            Ready = reader.ReadBool(),
            DescriptorArea = reader.ReadUInt64(),
            DriverArea = reader.ReadUInt64(),
            DeviceArea = reader.ReadUInt64(),
            NextAvailable = reader.ReadUInt16(),
            NextUsed = reader.ReadUInt16(),
            SignalledUsed = reader.ReadUInt16(),
        };
        _ring = _state.Ready ? SplitRing.TryMap(memory, _state, maxSize) : null;
        if (_state.Ready && _ring is null) reader.Refuse("has a ring that does not lie in RAM as it must");
        Generation++;
    }

    /// <summary>Takes the next request into <paramref name="chain"/>.</summary>
    public PopResult TryPop(DescriptorChain chain)
    {
        if (_ring is null) return PopResult.Empty;
        if (!_ring.TryCharge()) return PopResult.Starved;
        ushort available = _ring.AvailableIndex;
        if (available == _state.NextAvailable)
        {
            if (!_eventIndex) return PopResult.Empty;
            // Ask to be notified of the next entry, then look once more: the driver may have added one in between.
            _ring.WriteAvailEvent(_state.NextAvailable);
            Interlocked.MemoryBarrier();
            available = _ring.AvailableIndex;
            if (available == _state.NextAvailable) return PopResult.Empty;
        }

        // The driver can have no more requests with the device, taken ones included, than the ring has entries.
        if ((ushort)(available - _state.NextUsed) > _state.Size || (ushort)(available - _state.NextAvailable) > _state.Size)
            return PopResult.Broken;
        ushort head = _ring.Available(_state.NextAvailable);
        chain.Begin(head);
        if (!TryWalk(_ring, head, chain)) return PopResult.Broken;
        if (!chain.TryCharge()) return PopResult.Starved;
        _state.NextAvailable++;
        return PopResult.Chain;
    }

    /// <summary>Gives a request back, of whose writable bytes the first <paramref name="written"/> were written.</summary>
    /// <returns>Whether the driver wants an interrupt.</returns>
    public bool Push(ushort head, uint written)
    {
        if (_ring is null) return false;
        _ring.WriteUsed(_state.NextUsed, head, written);
        _ring.PublishUsed(++_state.NextUsed);
        // The driver's wish is read after the entry is visible, else both could wait for each other.
        Interlocked.MemoryBarrier();
        if (!_eventIndex) return !_ring.DriverWantsNoInterrupt;
        // Has the index passed the one the driver waits for since the last look (virtio 1.3, section 2.7.10)?
        ushort previous = _state.SignalledUsed;
        _state.SignalledUsed = _state.NextUsed;
        return (ushort)(_state.NextUsed - _ring.UsedEvent - 1) < (ushort)(_state.NextUsed - previous);
    }

    // Follows the chain through the ring's table and at most one indirect table (virtio 1.3, section 2.7.5.3).
    private bool TryWalk(SplitRing ring, ushort head, DescriptorChain chain)
    {
        Span<byte> bytes = stackalloc byte[Descriptor.Size];
        GuestAddress table = default;
        bool inTable = false;
        uint entries = _state.Size;
        uint index = head;

        // A loop in the chain ends here: no sound chain has more steps.
        for (int step = 0; step <= maxSize; step++)
        {
            if (index >= entries) return false;
            Descriptor descriptor;
            if (!inTable)
            {
                descriptor = ring.ReadDescriptor((int)index);
            }
            else
            {
                if (!memory.TryRead(table.Add(index * Descriptor.Size), bytes)) return false;
                descriptor = Descriptor.Parse(bytes);
            }

            if (descriptor.IsIndirect)
            {
                if (!_indirect || inTable || descriptor.HasNext || descriptor.Length == 0 || descriptor.Length % Descriptor.Size != 0)
                    return false;
                table = new GuestAddress(descriptor.Address);
                inTable = true;
                entries = descriptor.Length / Descriptor.Size;
                index = 0;
                continue;
            }

            if (!chain.TryAdd(descriptor)) return false;
            if (!descriptor.HasNext) return true;
            index = descriptor.Next;
        }

        return false;
    }
}
