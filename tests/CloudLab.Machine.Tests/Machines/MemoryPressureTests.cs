using System.Buffers.Binary;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Memory;
using Xunit;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>Machines that together want more memory than the host gives.</summary>
public sealed class MemoryPressureTests
{
    private const ulong MiB = 1 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task The_guest_that_wants_too_much_pauses_with_a_reason_and_goes_on_when_there_is_memory(int vcpus)
    {
        await using var host = new PressureHost(budget: 40 * MiB, overcommit: 4);
        VirtualMachine modest = await host.StartAsync(
            PressureGuest.Fill(16 * MiB).Print("filled\n").Wait().Check(16 * MiB).Print("right\n").End());
        await PressureHost.SaidAsync(modest, "filled");
        VirtualMachine greedy = await host.StartAsync(PressureGuest.Fill(32 * MiB).First().Check(32 * MiB).Print("right\n").End(), vcpus);
        await PressureHost.StarvedAsync(greedy);
        Assert.Equal("the guest needs more memory, and the 40 MiB that the host gives to guests are used up", greedy.Status.Detail);
        Assert.Equal(40 * MiB, host.Hypervisor.MemoryHandedOut);
        Assert.Empty(PressureHost.Output(greedy));

        // The other one has what it has, and computes.
        Assert.Equal(MachineState.Running, modest.Status.State);
        using (ConsoleAttachment console = modest.Spec.Console.Attach(replay: false)) console.Write("!"u8);
        await PressureHost.SaidAsync(modest, "right");
        await PressureHost.StoppedAsync(modest);
        Assert.Equal(PauseReason.InsufficientHostMemory, greedy.Status.PauseReason);
        await modest.DisposeAsync();
        await PressureHost.SaidAsync(greedy, "right");
        await PressureHost.StoppedAsync(greedy);
        Assert.Equal((StopReason.GuestPowerOff, PauseReason.None), (greedy.Status.StopReason, greedy.Status.PauseReason));
    }

    [Fact]
    public async Task Eight_guests_that_fill_all_their_ram_at_once_on_memory_for_three_all_come_to_the_right_result()
    {
        const ulong Wanted = 48 * MiB;
        await using var host = new PressureHost(budget: 3 * PressureGuest.MemorySize, overcommit: 3);
        var machines = new List<VirtualMachine>();
        GuestProgram program = PressureGuest.Fill(Wanted).Check(Wanted).Print("right\n").Spin();
        for (int i = 0; i < 8; i++) machines.Add(host.Hypervisor.Create(await host.SpecAsync(program)));
        await Task.WhenAll(machines.Select(machine => machine.StartAsync()));
        int done = 0;
        while (machines.Count > 0)
        {
            await SettledAsync(machines);
            Assert.InRange(host.Hypervisor.MemoryHandedOut, 0UL, 3 * PressureGuest.MemorySize);
            // Who is done goes; when nobody is, the operator ends one, and the others have its memory.
            List<VirtualMachine> finished = [.. machines.Where(IsDone)];
            done += finished.Count;
            if (finished.Count == 0) finished = [machines[0]];
            foreach (VirtualMachine machine in finished)
            {
                machines.Remove(machine);
                await machine.DisposeAsync();
            }
        }

        // Whoever was not ended has come to its result, three at least: there was memory for as many.
        Assert.InRange(done, 3, 8);
        Assert.Equal(0UL, host.Hypervisor.MemoryHandedOut);
        Assert.Equal(0UL, host.Hypervisor.MemoryInUse);
    }

    [Fact]
    public async Task A_disk_that_reads_into_ram_without_host_memory_pauses_the_guest_and_loses_nothing()
    {
        byte[] content = new byte[PressureGuest.Transfer];
        for (int i = 0; i < content.Length; i += GuestMemory.PageSize) BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(i), PressureGuest.Pattern);
        await using var disk = new MemoryBlockBackend(content);
        await using var host = new PressureHost(budget: 40 * MiB, overcommit: 4);
        VirtualMachine other = await host.StartAsync(PressureGuest.Fill(20 * MiB).Print("filled\n").Spin());
        await PressureHost.SaidAsync(other, "filled");
        VirtualMachine reader = await host.StartAsync(PressureGuest.Read(32 * MiB).Print("right\n").End(), vcpus: 1, disk);
        await PressureHost.StarvedAsync(reader);
        Assert.Empty(PressureHost.Output(reader));
        Assert.Equal(MachineState.Running, other.Status.State);
        await other.DisposeAsync();
        await PressureHost.SaidAsync(reader, "right");
    }

    [Fact]
    public async Task A_starved_machine_can_be_reset_and_others_have_its_memory()
    {
        await using var host = new PressureHost(budget: 40 * MiB, overcommit: 4);
        VirtualMachine first = await host.StartAsync(PressureGuest.Fill(20 * MiB).Print("filled\n").Wait().Fill(48 * MiB).Spin());
        await PressureHost.SaidAsync(first, "filled");
        VirtualMachine second = await host.StartAsync(PressureGuest.Fill(28 * MiB).Check(28 * MiB).Print("right\n").Spin());
        await PressureHost.StarvedAsync(second);
        using (ConsoleAttachment console = first.Spec.Console.Attach(replay: false)) console.Write("!"u8);
        await PressureHost.StarvedAsync(first);
        await first.ResetAsync();
        // The second has waited longer than the first, which has to fill its memory again.
        await PressureHost.SaidAsync(second, "right");
        Assert.Equal(2, first.Status.Boots);
    }

    [Fact]
    public async Task A_starved_machine_stops_and_ends()
    {
        await using var host = new PressureHost(budget: 24 * MiB, overcommit: 4);
        VirtualMachine machine = await host.StartAsync(PressureGuest.Fill(32 * MiB).Spin());
        await PressureHost.StarvedAsync(machine);
        await machine.StopAsync();
        Assert.Equal((MachineState.Stopped, StopReason.Requested, PauseReason.None),
            (machine.Status.State, machine.Status.StopReason, machine.Status.PauseReason));
        Assert.Null(machine.Status.Detail);
        await machine.DisposeAsync();
        Assert.Equal(0UL, host.Hypervisor.MemoryHandedOut);
    }

    [Fact]
    public async Task A_starved_machine_is_saved_and_goes_on_where_there_is_memory()
    {
        await using var host = new PressureHost(budget: 24 * MiB, overcommit: 4);
        GuestProgram program = PressureGuest.Fill(32 * MiB).First().Check(32 * MiB).Print("right\n").Spin();
        VirtualMachine machine = await host.StartAsync(program, vcpus: 2);
        await PressureHost.StarvedAsync(machine);
        using var state = new MemoryStream();
        string ram = host.NewFile();
        await machine.SaveAsync(state, ram, Cancellation);
        Assert.Equal(PauseReason.InsufficientHostMemory, machine.Status.PauseReason);
        await machine.DisposeAsync();

        await using var larger = new PressureHost(budget: 40 * MiB, overcommit: 4);
        VirtualMachine restored = await larger.Hypervisor.RestoreAsync(
            await larger.SpecAsync(program, vcpus: 2), new MemoryStream(state.ToArray()), ram, Cancellation);
        Assert.Equal(PauseReason.Requested, restored.Status.PauseReason);
        await restored.ResumeAsync();
        await PressureHost.SaidAsync(restored, "right");
    }

    [Fact]
    public async Task A_starved_machine_that_is_asked_to_pause_goes_on_only_when_it_is_asked_to()
    {
        await using var host = new PressureHost(budget: 40 * MiB, overcommit: 4);
        VirtualMachine other = await host.StartAsync(PressureGuest.Fill(20 * MiB).Print("filled\n").Spin());
        await PressureHost.SaidAsync(other, "filled");
        VirtualMachine machine = await host.StartAsync(PressureGuest.Fill(32 * MiB).Print("right\n").Spin());
        await PressureHost.StarvedAsync(machine);
        await machine.PauseAsync();
        Assert.Equal(PauseReason.InsufficientHostMemory, machine.Status.PauseReason);
        await other.DisposeAsync();
        // The grant is carried out before this second pause, which changes nothing.
        await machine.PauseAsync();
        Assert.Equal((MachineState.Paused, PauseReason.Requested), (machine.Status.State, machine.Status.PauseReason));
        await machine.ResumeAsync();
        await PressureHost.SaidAsync(machine, "right");

        VirtualMachine starved = await host.StartAsync(PressureGuest.Fill(32 * MiB).Spin());
        await PressureHost.StarvedAsync(starved);
        await starved.ResumeAsync();
        Assert.Equal((MachineState.Paused, PauseReason.InsufficientHostMemory), (starved.Status.State, starved.Status.PauseReason));
    }

    [Fact]
    public async Task A_machine_that_cannot_even_be_loaded_is_refused_as_it_is_created()
    {
        await using var host = new PressureHost(budget: 24 * MiB, overcommit: 16);
        VirtualMachine machine = await host.StartAsync(PressureGuest.Fill(32 * MiB).Spin());
        await PressureHost.StarvedAsync(machine);
        MachineSpec spec = await host.SpecAsync(new GuestProgram().Spin());
        MachineException refusal = Assert.Throws<MachineException>(() => host.Hypervisor.Create(spec));
        Assert.True(refusal.IsForMemory);
        Assert.Contains("no host memory is left to load", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(PressureGuest.MemorySize, host.Hypervisor.MemoryInUse);
        // What was promised is bounded too.
        refusal = Assert.Throws<MachineException>(() => host.Hypervisor.Create(spec with { MemorySize = 1UL << 40 }));
        Assert.True(refusal.IsForMemory);
        Assert.Contains("320 MiB of 384 MiB are free", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_overcommitment_all_memory_is_taken_at_once_and_nobody_pauses()
    {
        await using var host = new PressureHost(budget: PressureGuest.MemorySize, overcommit: 1);
        VirtualMachine machine = await host.StartAsync(PressureGuest.Fill(48 * MiB).Check(48 * MiB).Print("right\n").Spin());
        Assert.Equal(PressureGuest.MemorySize, host.Hypervisor.MemoryHandedOut);
        await PressureHost.SaidAsync(machine, "right");
        await machine.DisposeAsync();
        Assert.Equal(0UL, host.Hypervisor.MemoryHandedOut);
    }

    private static bool IsDone(VirtualMachine machine) => PressureHost.Output(machine).Contains("right", StringComparison.Ordinal);

    /// <summary>Waits until each machine is done or starved.</summary>
    private static async Task SettledAsync(List<VirtualMachine> machines)
    {
        while (!machines.TrueForAll(machine => IsDone(machine) || machine.Status.PauseReason == PauseReason.InsufficientHostMemory))
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Delay(1, Cancellation);
        }
    }
}
