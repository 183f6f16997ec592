using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.State;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.State;

/// <summary>Saved machines with disks that were plugged in while they ran.</summary>
public sealed class PluggedDiskStateTests
{
    private const int BootSize = 1 << 20;
    private const int Size = 2 << 20;

    [Fact]
    public async Task Plugged_in_disks_are_there_again_after_a_restore()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        var disks = new Dictionary<int, IBlockBackend> { [31] = new MemoryBlockBackend(Size), [3] = new MemoryBlockBackend(512, isReadOnly: true) };
        await using VirtualMachine machine = await RestoreAsync(host, state, ram, disks);
        (byte[] again, _) = await host.SaveAsync(machine);
        Assert.Equal(StateBytes.Describe(state), StateBytes.Describe(again));

        // They hold their places, and leave them when they are pulled out.
        await using var another = new MemoryBlockBackend(Size);
        Assert.False(await machine.AttachDiskAsync(3, another));
        await machine.ResumeAsync();
        await StateHost.DotsAsync(machine, 3);
        await machine.DetachDiskAsync(3);
        Assert.True(await machine.AttachDiskAsync(3, another));
    }

    [Fact]
    public async Task The_bytes_are_the_documented_ones()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, _) = await SavedAsync(host);
        StateBytes.Part units = StateBytes.Parse(state).Single(part => part.Kind == (int)StateSection.ScsiUnits);
        string id = Convert.ToHexString("memory"u8) + new string('0', 28);
        Assert.Equal(
            "02" + "03" + "00" + "0002000000000000" + "00020000" + "01" + id + "1F" + "00" + "0000200000000000" + "00020000" + "00" + id,
            Convert.ToHexString(units.Content));
    }

    [Fact]
    public async Task Other_disks_than_were_plugged_in_are_refused_by_what_differs()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        var small = new MemoryBlockBackend(512, isReadOnly: true);
        var large = new MemoryBlockBackend(Size);
        (Dictionary<int, IBlockBackend> Disks, string Refusal)[] others =
        [
            ([], "unit 3, and none is given"),
            (new() { [3] = small }, "unit 31, and none is given"),
            (new() { [3] = small, [31] = large, [0] = large }, "given for unit 0"),
            (new() { [3] = small, [31] = large, [99] = large }, "given for unit 99"),
            (new() { [3] = small, [31] = small }, "the size in bytes: 2097152, not 512"),
            (new() { [3] = new MemoryBlockBackend(512), [31] = large }, "whether it is read-only: 1, not 0"),
            (new() { [3] = small, [31] = new GatedBackend(new byte[Size]) }, "in its id"),
        ];
        foreach ((Dictionary<int, IBlockBackend> disks, string reason) in others)
        {
            MachineException refusal = await Assert.ThrowsAsync<MachineException>(() => RestoreAsync(host, state, ram, disks));
            Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0UL, host.Hypervisor.MemoryInUse);
    }

    [Fact]
    public async Task A_forged_section_is_refused_or_a_machine_that_runs()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        List<StateBytes.Part> parts = StateBytes.Parse(state);
        int index = parts.FindIndex(part => part.Kind == (int)StateSection.ScsiUnits);
        var disks = new Dictionary<int, IBlockBackend> { [31] = new MemoryBlockBackend(Size), [3] = new MemoryBlockBackend(512, isReadOnly: true) };
        int refused = 0;
        await Gen.Select(Gen.Int[0, 100], Gen.Byte, Gen.Int[0, 5]).SampleAsync(
            async (place, value, kind) =>
            {
                byte[] content = [.. parts[index].Content];
                if (kind == 0) content = content[..(place % content.Length)];
                else if (kind == 1) content = [.. content, value];
                else content[place % content.Length] = value;
                List<StateBytes.Part> forged = [.. parts];
                forged[index] = parts[index] with { Content = content };
                try
                {
                    await using VirtualMachine machine = await RestoreAsync(host, StateBytes.Build(forged), ram, disks);
                    await machine.ResumeAsync();
                    await machine.PauseAsync();
                    Assert.NotEqual(StopReason.InternalError, machine.Status.StopReason);
                }
                catch (MachineException)
                {
                    Interlocked.Increment(ref refused);
                }
            },
            iter: 150, threads: 1);
        Assert.NotEqual(0, refused);
        Assert.Equal(0UL, host.Hypervisor.MemoryInUse);
    }

    private static async Task<(byte[] State, string RamFile)> SavedAsync(StateHost host)
    {
        await using VirtualMachine machine = host.Hypervisor.Create(host.Spec(new MemoryBlockBackend(BootSize)));
        await machine.StartAsync();
        Assert.True(await machine.AttachDiskAsync(31, new MemoryBlockBackend(Size)));
        Assert.True(await machine.AttachDiskAsync(3, new MemoryBlockBackend(512, isReadOnly: true)));
        await StateHost.DotsAsync(machine, 3);
        return await host.SaveAsync(machine);
    }

    private static Task<VirtualMachine> RestoreAsync(StateHost host, byte[] state, string ram, Dictionary<int, IBlockBackend> disks) =>
        host.Hypervisor.RestoreAsync(
            host.Spec(new MemoryBlockBackend(BootSize)), new MemoryStream(state), ram, disks, TestContext.Current.CancellationToken);
}
