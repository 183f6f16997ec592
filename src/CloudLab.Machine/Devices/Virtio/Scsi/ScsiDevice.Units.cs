using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>The adapter's units: disks come, grow and go, and are found again by a restored machine.</summary>
internal sealed partial class ScsiDevice
{
    private const ushort UnitsStateVersion = 1;

    /// <summary>Plugs a disk in, on any thread; it stays through resets. The caller keeps owning it.</summary>
    /// <param name="lun">Where, 0 to <see cref="ScsiTarget.MaxUnits"/> - 1.</param>
    /// <param name="backend">The disk.</param>
    /// <returns>False when another is there, or has not left yet.</returns>
    public bool TryAttach(int lun, IBlockBackend backend)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)lun, (uint)ScsiTarget.MaxUnits, nameof(lun));
        ScsiUnit? unit = null;
        unit = new ScsiUnit(lun, backend) { SizeChanged = () => OnSizeChanged(unit!) };
        // Heard from before it can be seen, so that whoever detaches it finds it subscribed.
        backend.SizeChanged += unit.SizeChanged;
        bool isAdded;
        lock (Lock)
        {
            isAdded = _target.TryAdd(unit);
            if (isAdded) Tell(ScsiFeatures.Hotplug, ScsiEvent.Attached(lun));
        }

        if (isAdded) Process(ScsiQueue.Event);
        else backend.SizeChanged -= unit.SizeChanged;
        return isAdded;
    }

    /// <summary>
    /// Pulls a disk out, on any thread: the driver is told, new commands are answered as for a unit that there is not,
    /// and the task ends when the backend is done with what had begun. Nothing when there is no disk.
    /// </summary>
    public Task DetachAsync(int lun)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)lun, (uint)ScsiTarget.MaxUnits, nameof(lun));
        ScsiUnit? unit;
        Task done;
        lock (Lock)
        {
            unit = _target.Units[lun];
            if (unit is null) return Task.CompletedTask;
            if (!unit.IsDetaching) Tell(ScsiFeatures.Hotplug, ScsiEvent.Detached(lun));
            done = unit.Detach();
            _target.RemoveIfDetached(unit);
        }

        unit.Disk.SizeChanged -= unit.SizeChanged;
        Process(ScsiQueue.Event);
        return done;
    }

    /// <summary>Lets go of the backends, which their owners dispose of. The device has been drained.</summary>
    public void Dispose()
    {
        foreach (ScsiUnit? unit in _target.Units)
            if (unit is not null)
                unit.Disk.SizeChanged -= unit.SizeChanged;
    }

    /// <summary>Writes which disks are plugged in, as a section of its own. The device has been drained.</summary>
    public void SaveUnits(MachineStateWriter writer)
    {
        Span<byte> id = stackalloc byte[BlockRequest.IdLength];
        lock (Lock)
        {
            // Drained: none is half-way out any more.
            int count = 0;
            foreach (ScsiUnit? unit in _target.Units) count += unit is null ? 0 : 1;
            writer.Begin(StateSection.ScsiUnits, UnitsStateVersion);
            writer.Write((byte)count);
            foreach (ScsiUnit? unit in _target.Units)
            {
                if (unit is null) continue;
                writer.Write((byte)unit.Lun);
                writer.Write((byte)unit.Attention);
                writer.Write(unit.Disk.Size);
                writer.Write((uint)unit.Disk.SectorSize);
                writer.Write(unit.Disk.IsReadOnly);
                WriteId(unit.Disk, id);
                writer.Write(id);
            }

            writer.End();
        }
    }

    /// <summary>Plugs in what was plugged into the saved machine, before the driver's state is restored.</summary>
    /// <param name="reader">The saved state.</param>
    /// <param name="disks">The disks by their numbers; exactly those that were plugged in.</param>
    /// <exception cref="MachineException">The section is not what a machine can be in, or a disk is missing, too many or another.</exception>
    public void RestoreUnits(MachineStateReader reader, IReadOnlyDictionary<int, IBlockBackend> disks)
    {
        Span<byte> saved = stackalloc byte[BlockRequest.IdLength];
        Span<byte> given = stackalloc byte[BlockRequest.IdLength];
        var unused = new HashSet<int>(disks.Keys);
        reader.Open(StateSection.ScsiUnits, UnitsStateVersion);
        for (int count = reader.ReadByte(ScsiTarget.MaxUnits); count > 0; count--)
        {
            int lun = reader.ReadByte(ScsiTarget.MaxUnits - 1);
            var attention = (ScsiAttention)reader.ReadByte((byte)(ScsiAttention.Reset | ScsiAttention.CapacityChanged));
            ulong size = reader.ReadUInt64();
            uint sectorSize = reader.ReadUInt32();
            bool isReadOnly = reader.ReadBool();
            reader.ReadBytes(saved);
            if (!disks.TryGetValue(lun, out IBlockBackend? disk)) throw new MachineException($"the saved machine has a disk plugged in as unit {lun}, and none is given for it");
            WriteId(disk, given);
            Compare("the size in bytes", size, disk.Size);
            Compare("the sector size in bytes", sectorSize, (ulong)disk.SectorSize);
            Compare("whether it is read-only", isReadOnly ? 1UL : 0, disk.IsReadOnly ? 1UL : 0);
            if (!saved.SequenceEqual(given)) throw new MachineException($"the disk for unit {lun} differs from the saved machine's in its id");
            if (!TryAttach(lun, disk)) reader.Refuse($"has unit {lun} twice");
            lock (Lock) _target.Units[lun]!.Attention |= attention;
            unused.Remove(lun);

            void Compare(string name, ulong was, ulong now)
            {
                if (was != now) throw new MachineException($"the disk for unit {lun} differs from the saved machine's in {name}: {was}, not {now}");
            }
        }

        reader.Close();
        foreach (int lun in unused) throw new MachineException($"a disk is given for unit {lun}, and the saved machine has none there");
    }

    // As the driver reads it: padded with zeroes.
    private static void WriteId(IBlockBackend disk, Span<byte> destination)
    {
        destination.Clear();
        for (int i = 0; i < Math.Min(disk.Id.Length, destination.Length); i++) destination[i] = (byte)disk.Id[i];
    }

    private void OnSizeChanged(ScsiUnit unit)
    {
        lock (Lock)
        {
            if (unit.IsDetaching || _target.Units[unit.Lun] != unit) return;
            unit.Attention |= ScsiAttention.CapacityChanged;
            Tell(ScsiFeatures.Change, ScsiEvent.Changed(unit.Lun, ScsiSense.CapacityChanged));
        }

        Process(ScsiQueue.Event);
    }
}
