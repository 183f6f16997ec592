using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Reconciliation;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Reconciliation;

public sealed class InstancePlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private enum Event
    {
        Start,
        Stop,
        ForceStop,
        Reboot,
        HardReboot,
        Terminate,
        GuestEnds,
        GuestObeys,
        TimeIsOver,
        MachineIsLost,
        StepsAreLost,
        Converge,
    }

    [Fact]
    public void Whatever_happens_the_steps_come_to_an_end_and_to_what_is_desired() => Gen.Enum<Event>().Array[0, 25].Sample(events =>
    {
        var world = new World();
        foreach (Event what in events) world.Apply(what);
        world.Converge();
        world.IsOverdue = true;
        world.Converge();
        Assert.Empty(world.Converge());
        Assert.Equal(
            world.Row.Desired switch
            {
                DesiredState.Running => (ObservedState.Running, MachinePresence.Alive),
                DesiredState.Stopped => (ObservedState.Stopped, MachinePresence.None),
                DesiredState.Terminated => (ObservedState.Terminated, MachinePresence.None),
            },
            (world.Row.Observed, world.Presence));
        if (world.Row.Desired == DesiredState.Running) Assert.Equal(world.Row.BootGeneration, world.Row.ObservedGeneration);
    }, iter: 20_000);

    [Fact]
    public void A_guest_is_asked_before_it_is_forced_to_stop_but_not_to_terminate()
    {
        var stopped = new World();
        stopped.Converge();
        stopped.Row.RequestStop();
        Assert.Equal([InstanceStep.AskForShutdown], stopped.Converge());
        stopped.IsOverdue = true;
        Assert.Equal([InstanceStep.ForceStop, InstanceStep.RecordEnd], stopped.Converge());

        var terminated = new World();
        terminated.Converge();
        terminated.Row.RequestTerminate();
        Assert.Equal([InstanceStep.ForceStop, InstanceStep.RecordEnd], terminated.Converge());
    }

    [Fact]
    public void A_guest_is_asked_before_it_is_rebooted_and_the_same_machine_boots_again()
    {
        var world = new World();
        Assert.Equal([InstanceStep.Start, InstanceStep.RecordBoot], world.Converge());
        world.Row.RequestReboot();
        world.Row.RequestReboot();
        Assert.Equal([InstanceStep.AskForReboot], world.Converge());
        world.Apply(Event.GuestObeys);
        Assert.Equal([InstanceStep.RecordBoot], world.Converge());
        Assert.Empty(world.Converge());
    }

    [Fact]
    public void A_guest_that_does_not_obey_is_reset_when_its_time_is_over()
    {
        var world = new World();
        world.Converge();
        world.Row.RequestReboot();
        world.Converge();
        world.IsOverdue = true;
        Assert.Equal([InstanceStep.Reset, InstanceStep.RecordBoot], world.Converge());
        Assert.Equal(InstanceState.Running, world.Row.State);
    }

    [Fact]
    public void A_guest_that_is_to_reboot_is_asked_anew_when_it_is_to_stop()
    {
        var world = new World();
        world.Converge();
        world.Row.RequestReboot();
        Assert.Equal([InstanceStep.AskForReboot], world.Converge());
        world.Row.RequestStop();
        Assert.Equal([InstanceStep.AskForShutdown], world.Converge());
        world.Apply(Event.GuestObeys);
        Assert.Equal([InstanceStep.RecordEnd], world.Converge());
    }

    [Fact]
    public void Hard_reboots_that_were_asked_for_together_are_one_reset()
    {
        var world = new World();
        world.Converge();
        world.Row.RequestReboot();
        world.Converge();
        world.Row.RequestReboot(isHard: true);
        world.Row.RequestReboot(isHard: true);
        Assert.Equal([InstanceStep.Reset, InstanceStep.RecordBoot], world.Converge());
        Assert.Empty(world.Converge());
    }

    [Fact]
    public void A_forced_stop_asks_nobody_and_a_stop_under_way_can_still_be_forced()
    {
        var forced = new World();
        forced.Converge();
        forced.Row.RequestStop(isForced: true);
        Assert.Equal([InstanceStep.ForceStop, InstanceStep.RecordEnd], forced.Converge());

        var impatient = new World();
        impatient.Converge();
        impatient.Row.RequestStop();
        Assert.Equal([InstanceStep.AskForShutdown], impatient.Converge());
        impatient.Row.RequestStop(isForced: true);
        Assert.Equal([InstanceStep.ForceStop, InstanceStep.RecordEnd], impatient.Converge());
        Assert.Null(impatient.Row.RequestStart(Now));
        impatient.Converge();
        impatient.Row.RequestStop();
        Assert.Equal([InstanceStep.AskForShutdown], impatient.Converge());
    }

    /// <summary>A row and the simplest machine.</summary>
    private sealed class World
    {
        private int _generation;
        private GuestRequest _asked;
        private int _askedGeneration;

        public Instance Row { get; } = Instance.Create(
            AccountId.New(),
            new Image("test", Architecture.Riscv64, Now),
            InstanceTypeCatalog.All[0],
            new CreateInstances { Image = "test", InstanceType = "standard.small" },
            Now);

        public MachinePresence Presence { get; private set; }

        public bool IsOverdue { get; set; }

        public void Apply(Event what)
        {
            switch (what)
            {
                case Event.Start:
                    Row.RequestStart(Now);
                    break;
                case Event.Stop:
                    Row.RequestStop();
                    break;
                case Event.ForceStop:
                    Row.RequestStop(isForced: true);
                    break;
                case Event.Reboot:
                    Row.RequestReboot();
                    break;
                case Event.HardReboot:
                    Row.RequestReboot(isHard: true);
                    break;
                case Event.Terminate:
                    Row.RequestTerminate();
                    break;
                case Event.GuestObeys when _asked == GuestRequest.Reboot && Presence == MachinePresence.Alive:
                    (_generation, _asked, IsOverdue) = (_askedGeneration, GuestRequest.None, false);
                    break;
                case Event.GuestEnds when Presence == MachinePresence.Alive:
                case Event.GuestObeys when _asked == GuestRequest.ShutDown && Presence == MachinePresence.Alive:
                    Presence = MachinePresence.Ended;
                    break;
                case Event.TimeIsOver:
                    IsOverdue = true;
                    break;
                case Event.MachineIsLost when Row.Observed != ObservedState.Terminated:
                    Presence = MachinePresence.None;
                    Row.ObserveMachineLost(StateReason.HostRestarted, Now);
                    break;
                case Event.StepsAreLost:
                    // A step of which only the machine's half happened.
                    if (InstancePlan.Next(Row, View()) is InstanceStep.Start or InstanceStep.Reset) Boot();
                    break;
                case Event.Converge:
                    Converge();
                    break;
                default:
                    break;
            }
        }

        public List<InstanceStep> Converge()
        {
            List<InstanceStep> steps = [];
            while (InstancePlan.Next(Row, View()) is var step && step != InstanceStep.None)
            {
                steps.Add(step);
                Assert.True(steps.Count < 10, string.Join(", ", steps));
                Take(step);
            }

            return steps;
        }

        private void Take(InstanceStep step)
        {
            switch (step)
            {
                case InstanceStep.Start or InstanceStep.Reset:
                    Boot();
                    break;
                case InstanceStep.RecordBoot:
                    Row.ObserveBoot(_generation);
                    break;
                case InstanceStep.AskForShutdown:
                    (_asked, IsOverdue) = (GuestRequest.ShutDown, false);
                    break;
                case InstanceStep.AskForReboot:
                    (_asked, _askedGeneration, IsOverdue) = (GuestRequest.Reboot, Row.BootGeneration, false);
                    break;
                case InstanceStep.ForceStop:
                    Presence = MachinePresence.Ended;
                    break;
                case InstanceStep.Drop:
                    Presence = MachinePresence.None;
                    break;
                case InstanceStep.RecordEnd:
                    Row.ObserveEnd(Now);
                    Presence = MachinePresence.None;
                    break;
                case InstanceStep.RecordGuestEnd:
                    Row.ObserveGuestEnd(StateReason.InstanceInitiatedShutdown, Now);
                    Presence = MachinePresence.None;
                    break;
                case InstanceStep.None:
                    break;
            }
        }

        private void Boot()
        {
            (Presence, _generation, _asked, IsOverdue) = (MachinePresence.Alive, Row.BootGeneration, GuestRequest.None, false);
        }

        private MachineView View() => new(Presence, _generation, _asked, _asked != GuestRequest.None && IsOverdue);
    }
}
