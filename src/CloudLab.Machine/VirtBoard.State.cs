using CloudLab.Machine.Devices.Virtio;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.State;

namespace CloudLab.Machine;

/// <summary>Saving and restoring: each part writes and reads its own section, RAM is a file beside them.</summary>
internal sealed partial class VirtBoard
{
    private const ushort MemoryStateVersion = 1;

    /// <summary>Writes RAM to a file and all else to a state. No vCPU runs, device I/O has drained, the clock is frozen.</summary>
    /// <param name="boots">How often the guest was started.</param>
    /// <exception cref="IOException">The RAM file could not be written.</exception>
    public async Task<byte[]> SaveAsync(int boots, string ramFile, CancellationToken cancellationToken)
    {
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
        Adapter.SaveUnits(writer);
        return writer.ToArray();
    }

    /// <summary>Takes over what <see cref="SaveAsync"/> wrote, on a board that was never loaded. After a failure it is fit only to be disposed of.</summary>
    /// <remarks>
    /// Controllers follow what they drive, so that their outputs reach restored inputs: clock, harts, interrupt controllers,
    /// devices. RAM comes before devices, whose queues lie in it, and disks before the adapter, whose driver is told of
    /// none that it knows.
    /// </remarks>
    /// <returns>How often the guest was started.</returns>
    /// <exception cref="MachineException">The state is damaged or of another machine.</exception>
    /// <exception cref="IOException">The RAM file could not be read.</exception>
    public async Task<int> RestoreAsync(
        MachineStateReader reader, IReadOnlyDictionary<int, IBlockBackend> pluggedDisks, string ramFile, CancellationToken cancellationToken)
    {
        int boots = MachineDescription.Of(_spec).Check(reader);
        await RestoreMemoryAsync(reader, ramFile, cancellationToken).ConfigureAwait(false);
        Clock.Restore(reader);
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Restore(reader);
        _aclint.Restore(reader);
        _plic.Restore(reader);
        Uart.Restore(reader);
        _clock.Restore(reader);
        Adapter.RestoreUnits(reader, pluggedDisks);
        foreach ((int slot, VirtioMmioTransport transport) in _transports) transport.Restore(reader, slot);
        reader.End();
        _htif?.Restore();
        return boots;
    }

    private async Task RestoreMemoryAsync(MachineStateReader reader, string ramFile, CancellationToken cancellationToken)
    {
        byte[] id = new byte[RamFile.IdLength];
        reader.Open(StateSection.Memory, MemoryStateVersion);
        reader.ReadBytes(id);
        reader.Close();
        using RamFile file = await RamFile.OpenAsync(ramFile, Memory.Size, id, cancellationToken).ConfigureAwait(false);
        Memory.MapFile(file.Handle);
    }
}
