using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.State;

/// <summary>
/// What a guest knows of its machine and would be lost with if it changed under it. A saved machine is restored only to a
/// spec of the same description; names, weights, images and the like may differ.
/// </summary>
internal sealed class MachineDescription
{
    /// <summary>The <c>architecture</c> of RV64 machines.</summary>
    private const ushort Riscv64 = 1;
    private const ushort StateVersion = 1;

    private readonly List<(string Name, ulong Value)> _facts = [];

    private MachineDescription()
    {
    }

    public static MachineDescription Of(MachineSpec spec)
    {
        var description = new MachineDescription();
        description._facts.Add(("the architecture", Riscv64));
        description._facts.Add(("the number of vCPUs", (ulong)spec.VcpuCount));
        description._facts.Add(("the memory in bytes", spec.MemorySize));
        description._facts.Add(("whether it starts in M-mode", spec.PlaysFirmware ? 0UL : 1));
        description._facts.Add(("the number of disks", (ulong)spec.Disks.Count));
        for (int i = 0; i < spec.Disks.Count; i++)
        {
            IBlockBackend disk = spec.Disks[i];
            description._facts.Add(($"the size in bytes of disk {i}", disk.Size));
            description._facts.Add(($"the sector size in bytes of disk {i}", (ulong)disk.SectorSize));
            description._facts.Add(($"whether disk {i} is read-only", disk.IsReadOnly ? 1UL : 0));
        }

        return description;
    }

    public void Save(MachineStateWriter writer, int boots)
    {
        writer.Begin(StateSection.Machine, StateVersion);
        writer.Write((uint)boots);
        foreach ((_, ulong value) in _facts) writer.Write(value);
        writer.End();
    }

    /// <summary>Compares with a saved one.</summary>
    /// <returns>How often its guest had been started.</returns>
    /// <exception cref="MachineException">It differs; the message says in what.</exception>
    public int Check(MachineStateReader reader)
    {
        reader.Open(StateSection.Machine, StateVersion);
        int boots = (int)reader.ReadUInt32(int.MaxValue);
        foreach ((string name, ulong value) in _facts)
        {
            ulong saved = reader.ReadUInt64();
            if (saved != value) throw new MachineException($"the saved machine differs from the spec in {name}: {saved}, not {value}");
        }

        reader.Close();
        return boots;
    }
}
