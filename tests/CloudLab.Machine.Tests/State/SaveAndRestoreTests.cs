using System.Security.Cryptography;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.State;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.State;

public sealed class SaveAndRestoreTests
{
    private const int DiskSize = 1 << 20;

    [Fact]
    public async Task A_running_machine_is_saved_drained_and_goes_on_in_another()
    {
        await using StateHost host = await StateHost.CreateAsync();
        byte[] content = new byte[DiskSize];
        var disk = new GatedBackend(content);
        await using VirtualMachine machine = host.Hypervisor.Create(host.Spec(disk));
        await machine.StartAsync();
        await StateHost.DotsAsync(machine, 20);

        Task held = disk.CloseGate();
        await held;
        Task<(byte[] State, string RamFile)> saving = host.SaveAsync(machine);
        disk.OpenGate();
        (byte[] state, string ram) = await saving;
        await machine.StopAsync();
        Assert.Equal(0, disk.InFlight);
        ulong requests = StateHost.Read64(ram, StateGuest.Requests);

        var other = new GatedBackend([.. content]);
        await using VirtualMachine restored = await host.RestoreAsync(host.Spec(other), state, ram);
        Assert.Equal(new MachineStatus(MachineState.Paused, StopReason.None, null, 1, PauseReason: PauseReason.Requested), restored.Status);
        (byte[] again, string ramAgain) = await host.SaveAsync(restored);
        // Nothing was lost, added or changed on the way, and no time has passed: Describe has the clock, too.
        Assert.Equal(StateBytes.Describe(state), StateBytes.Describe(again));
        Assert.Equal(Hash(ram), Hash(ramAgain));

        await restored.ResumeAsync();
        await StateHost.DotsAsync(restored, 20);
        (byte[] later, string ramLater) = await host.SaveAsync(restored);
        Assert.Equal(MachineState.Running, restored.Status.State);
        Assert.True(StateHost.Read64(ramLater, StateGuest.Requests) >= requests + 20);
        Assert.True(StateHost.Read64(ramLater, StateGuest.Count) > StateHost.Read64(ram, StateGuest.Count));
        Assert.True(Clock(later) > Clock(state));
        Assert.DoesNotContain((byte)'!', restored.Spec.Console.Snapshot());
    }

    [Fact]
    public async Task A_save_leaves_the_machine_as_it_was()
    {
        await using StateHost host = await StateHost.CreateAsync();
        await using VirtualMachine machine = host.Hypervisor.Create(host.Spec(new MemoryBlockBackend(DiskSize)));
        await Assert.ThrowsAsync<MachineException>(() => host.SaveAsync(machine));
        await machine.StartAsync();
        for (int i = 0; i < 5; i++)
        {
            await host.SaveAsync(machine);
            await StateHost.DotsAsync(machine, 3);
        }

        await machine.PauseAsync();
        (byte[] first, _) = await host.SaveAsync(machine);
        (byte[] second, _) = await host.SaveAsync(machine);
        Assert.Equal(MachineState.Paused, machine.Status.State);
        Assert.Equal(StateBytes.Describe(first), StateBytes.Describe(second));
        await machine.StopAsync();
        await Assert.ThrowsAsync<MachineException>(() => host.SaveAsync(machine));
        await machine.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.SaveAsync(machine));
    }

    [Fact]
    public async Task A_save_that_fails_leaves_no_file_and_a_running_machine()
    {
        await using StateHost host = await StateHost.CreateAsync();
        await using VirtualMachine machine = host.Hypervisor.Create(host.Spec(new MemoryBlockBackend(DiskSize)));
        await machine.StartAsync();
        string file = Path.Combine(host.NewFile(), "in a directory that is not there");
        await Assert.ThrowsAnyAsync<IOException>(() => machine.SaveAsync(Stream.Null, file, TestContext.Current.CancellationToken));
        await StateHost.DotsAsync(machine, 3);
    }

    [Fact]
    public async Task Machines_from_one_file_share_it_and_leave_it_unchanged()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        string before = Hash(ram);
        var machines = new List<VirtualMachine>();
        for (int i = 0; i < 3; i++) machines.Add(await host.RestoreAsync(host.Spec(new MemoryBlockBackend(DiskSize)), state, ram));
        foreach (VirtualMachine machine in machines) await machine.ResumeAsync();
        foreach (VirtualMachine machine in machines) await StateHost.DotsAsync(machine, 10);
        Assert.Equal(before, Hash(ram));

        // Its own file is replaced, not written to: the others' mappings keep the old one.
        await machines[0].SaveAsync(Stream.Null, ram, TestContext.Current.CancellationToken);
        File.Delete(ram);
        foreach (VirtualMachine machine in machines) await StateHost.DotsAsync(machine, 10);
    }

    [Fact]
    public async Task A_restored_machine_reboots_from_its_images()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        VirtualMachine machine = await host.RestoreAsync(host.Spec(new MemoryBlockBackend(DiskSize)), state, ram);
        await machine.ResetAsync();
        Assert.Equal(2, machine.Status.Boots);
        await StateHost.DotsAsync(machine, 10);
    }

    [Fact]
    public async Task Another_machines_state_is_refused_by_what_differs()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        MachineSpec spec = host.Spec(new MemoryBlockBackend(DiskSize));
        (MachineSpec Spec, string Name)[] others =
        [
            (spec with { VcpuCount = 2 }, "the number of vCPUs: 4, not 2"),
            (spec with { MemorySize = 128 << 20 }, "the memory in bytes"),
            (spec with { Disks = [] }, "the number of disks: 1, not 0"),
            (spec with { Disks = [new MemoryBlockBackend(512)] }, "the size in bytes of disk 0"),
            (spec with { Disks = [new MemoryBlockBackend(DiskSize, isReadOnly: true)] }, "whether disk 0 is read-only"),
            (spec with { Firmware = spec.Kernel }, "whether it starts in M-mode"),
        ];
        foreach ((MachineSpec other, string name) in others)
        {
            MachineException refusal = await Assert.ThrowsAsync<MachineException>(() => host.RestoreAsync(other, state, ram));
            Assert.Contains(name, refusal.Message);
        }

        Assert.Equal(0UL, host.Hypervisor.MemoryInUse);
    }

    [Fact]
    public async Task A_RAM_file_of_another_save_or_changed_or_cut_short_is_refused()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        (_, string another) = await SavedAsync(host);
        await AssertRefusedAsync(host, state, another);
        await AssertRefusedAsync(host, state, host.NewFile());
        using (FileStream file = File.OpenWrite(ram))
        {
            file.Position = StateGuest.Image + 2;
            file.WriteByte(0xff);
        }

        await AssertRefusedAsync(host, state, ram);
        using (FileStream file = File.OpenWrite(ram)) file.SetLength(file.Length - 1);
        await AssertRefusedAsync(host, state, ram);
        Assert.Equal(0UL, host.Hypervisor.MemoryInUse);
    }

    /// <summary>With the checksums made right, so that it is each part's own checks that are tested.</summary>
    [Fact]
    public async Task A_forged_state_is_refused_or_a_machine_that_runs()
    {
        await using StateHost host = await StateHost.CreateAsync();
        (byte[] state, string ram) = await SavedAsync(host);
        List<StateBytes.Part> parts = StateBytes.Parse(state);
        int refused = 0;
        await Gen.Select(Gen.Int[0, parts.Count - 1], Gen.Int[0, 100_000], Gen.Byte, Gen.Int[0, 9]).SampleAsync(
            async (section, place, value, kind) =>
            {
                StateBytes.Part part = parts[section];
                byte[] content = [.. part.Content];
                if (kind == 0) content = content[..(place % content.Length)];
                else if (kind == 1) content = [.. content, value];
                else content[place % content.Length] = value;
                byte[] forged = StateBytes.Build([.. parts[..section], part with { Content = content }, .. parts[(section + 1)..]]);
                try
                {
                    await using VirtualMachine machine = await host.RestoreAsync(host.Spec(new MemoryBlockBackend(DiskSize)), forged, ram);
                    await machine.ResumeAsync();
                    await machine.PauseAsync();
                    Assert.NotEqual(StopReason.InternalError, machine.Status.StopReason);
                }
                catch (MachineException)
                {
                    Interlocked.Increment(ref refused);
                }
            },
            iter: 400, threads: 1);
        Assert.NotEqual(0, refused);
        Assert.Equal(0UL, host.Hypervisor.MemoryInUse);
    }

    private static async Task AssertRefusedAsync(StateHost host, byte[] state, string ram) =>
        await Assert.ThrowsAsync<MachineException>(() => host.RestoreAsync(host.Spec(new MemoryBlockBackend(DiskSize)), state, ram));

    private static async Task<(byte[] State, string RamFile)> SavedAsync(StateHost host)
    {
        await using VirtualMachine machine = host.Hypervisor.Create(host.Spec(new MemoryBlockBackend(DiskSize)));
        await machine.StartAsync();
        await StateHost.DotsAsync(machine, 5);
        return await host.SaveAsync(machine);
    }

    private static ulong Clock(byte[] state) =>
        BitConverter.ToUInt64(StateBytes.Parse(state).Single(part => part.Kind == (int)StateSection.Clock).Content);

    private static string Hash(string ramFile)
    {
        using FileStream file = File.OpenRead(ramFile);
        byte[] ram = new byte[StateGuest.MemorySize];
        file.ReadExactly(ram);
        return Convert.ToHexString(SHA256.HashData(ram));
    }
}
