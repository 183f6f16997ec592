using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.State;

namespace CloudLab.Machine;

/// <summary>Saving and restoring: each part writes and reads its own section, RAM is a file beside them.</summary>
internal sealed partial class VirtBoard
{
    private const ushort MemoryStateVersion = 1;

    /// <summary>Writes RAM to a file and all else to a state. No vCPU runs, device I/O has drained, the clock is frozen.</summary>
    /// <param name="boots">How often the guest was started.</param>
    /// <exception cref="MachineException">SCSI disks are plugged in.</exception>
    /// <exception cref="IOException">The RAM file could not be written.</exception>
    public async Task<byte[]> SaveAsync(int boots, string ramFile, CancellationToken cancellationToken)
    {
        // They are no part of the spec, so a restored machine could not be given them again before its guest asks.
        if (Adapter.HasDisks) throw new MachineException("a machine with plugged-in SCSI disks cannot be saved: detach them first");
        var writer = new MachineStateWriter();
        MachineDescription.Of(_spec).Save(writer, boots);
        byte[] ram = await RamFile.WriteAsync(Memory, ramFile, cancellationToken).ConfigureAwait(false);
        writer.Begin(StateSection.Memory, MemoryStateVersion);
        writer.Write(ram);
        writer.End();
        Clock.Save(writer);
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Save(writer);
        _aclint.Save(writer);
        _plic.Save(writer);
        Uart.Save(writer);
        _clock.Save(writer);
        foreach ((int slot, VirtioMmioTransport transport) in _transports) transport.Save(writer, slot);
        return writer.ToArray();
    }

    /// <summary>Takes over what <see cref="SaveAsync"/> wrote, on a board that was never loaded. After a failure it is fit only to be disposed of.</summary>
    /// <remarks>
    /// Controllers follow what they drive, so that their outputs reach restored inputs: clock, harts, interrupt controllers,
    /// devices. RAM comes before devices, whose queues lie in it.
    /// </remarks>
    /// <returns>How often the guest was started.</returns>
    /// <exception cref="MachineException">The state is damaged or of another machine.</exception>
    public int Restore(MachineStateReader reader, string ramFile)
    {
        int boots = MachineDescription.Of(_spec).Check(reader);
        RestoreMemory(reader, ramFile);
        Clock.Restore(reader);
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Restore(reader);
        _aclint.Restore(reader);
        _plic.Restore(reader);
        Uart.Restore(reader);
        _clock.Restore(reader);
        foreach ((int slot, VirtioMmioTransport transport) in _transports) transport.Restore(reader, slot);
        reader.End();
        _htif?.Restore();
        return boots;
    }

    private void RestoreMemory(MachineStateReader reader, string ramFile)
    {
        Span<byte> id = stackalloc byte[RamFile.IdLength];
        reader.Open(StateSection.Memory, MemoryStateVersion);
        reader.ReadBytes(id);
        reader.Close();
        using RamFile file = RamFile.Open(ramFile, Memory.Size, id);
        Memory.MapFile(file.Handle);
    }
}
