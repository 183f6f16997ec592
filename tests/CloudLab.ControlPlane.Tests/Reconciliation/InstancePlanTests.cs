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
        Reboot,
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
    public void Reboots_that_were_asked_for_together_are_one_reset()
    {
        var world = new World();
        Assert.Equal([InstanceStep.Start, InstanceStep.RecordBoot], world.Converge());
        world.Row.RequestReboot();
        world.Row.RequestReboot();
        Assert.Equal([InstanceStep.Reset, InstanceStep.RecordBoot], world.Converge());
        Assert.Empty(world.Converge());
    }

    /// <summary>A row and the simplest machine.</summary>
    private sealed class World
    {
        private int _generation;
        private bool _isAsked;

        public Instance Row { get; } = Instance.Create(
            AccountId.New(), new Image("test", Architecture.Riscv64, Now), InstanceTypeCatalog.All[0], ShutdownBehavior.Stop, null, [], Now);

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
                case Event.Reboot:
                    Row.RequestReboot();
                    break;
                case Event.Terminate:
                    Row.RequestTerminate();
                    break;
                case Event.GuestEnds when Presence == MachinePresence.Alive:
                case Event.GuestObeys when _isAsked && Presence == MachinePresence.Alive:
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
                    _isAsked = true;
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
            (Presence, _generation, _isAsked, IsOverdue) = (MachinePresence.Alive, Row.BootGeneration, false, false);
        }

        private MachineView View() => new(Presence, _generation, _isAsked, _isAsked && IsOverdue);
    }
}
