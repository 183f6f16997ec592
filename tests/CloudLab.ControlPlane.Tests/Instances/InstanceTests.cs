using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.InstanceTypes;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Instances;

public sealed class InstanceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly StateReason Reason = StateReason.InternalError("a test");

    private enum Act
    {
        Start,
        Stop,
        Reboot,
        Terminate,
        Boot,
        BootAhead,
        End,
        GuestEnd,
        Fail,
        Panic,
        LoseMachine,
        Check,
        Release,
    }

    /// <summary>Every state with every act: what it leads to, or null where it is refused.</summary>
    public static TheoryData<InstanceState, string, InstanceState?> Table
    {
        get
        {
            const InstanceState Pending = InstanceState.Pending, Running = InstanceState.Running, Stopping = InstanceState.Stopping,
                Stopped = InstanceState.Stopped, Shutting = InstanceState.ShuttingDown, Terminated = InstanceState.Terminated;
            InstanceState[] from = [Pending, Running, Stopping, Stopped, Shutting, Terminated];
            (Act Act, InstanceState?[] To)[] rows =
            [
                (Act.Start, [Pending, Running, null, Pending, null, null]),
                (Act.Stop, [Stopping, Stopping, Stopping, Stopped, null, null]),
                (Act.Reboot, [Pending, Running, null, null, null, null]),
                (Act.Terminate, [Shutting, Shutting, Shutting, Shutting, Shutting, Terminated]),
                (Act.Boot, [Running, Running, Stopping, Stopping, Shutting, null]),
                (Act.BootAhead, [null, null, null, null, null, null]),
                (Act.End, [null, null, Stopped, Stopped, Terminated, null]),
                (Act.GuestEnd, [Stopped, Stopped, Stopped, Stopped, Terminated, null]),
                (Act.Fail, [Terminated, Stopped, Stopped, Stopped, Terminated, null]),
                (Act.Panic, [Pending, Running, Stopping, Stopped, Shutting, null]),
                (Act.LoseMachine, [Pending, Pending, Stopped, Stopped, Terminated, null]),
                (Act.Check, [null, Running, Stopping, null, Shutting, null]),
                (Act.Release, [Pending, Pending, Stopped, Stopped, Terminated, null]),
            ];
            var data = new TheoryData<InstanceState, string, InstanceState?>();
            foreach ((Act act, InstanceState?[] to) in rows)
                for (int i = 0; i < from.Length; i++)
                    data.Add(from[i], act.ToString(), to[i]);
            return data;
        }
    }

    [Theory, MemberData(nameof(Table))]
    public void Every_act_leads_where_the_table_says(InstanceState from, string act, InstanceState? to)
    {
        Instance instance = In(from);
        bool isAccepted = TryApply(instance, Enum.Parse<Act>(act));
        Assert.Equal(to is not null, isAccepted);
        Assert.Equal(to ?? from, instance.State);
    }

    [Fact]
    public void Whatever_happens_the_row_stays_consistent() => Gen.Enum<Act>().Array[0, 30].Select(Gen.Enum<ShutdownBehavior>()).Sample((acts, behavior) =>
    {
        Instance instance = New(behavior);
        foreach (Act act in acts)
        {
            InstanceState before = instance.State;
            int generation = instance.BootGeneration;
            bool isAccepted = TryApply(instance, act);
            if (!isAccepted) Assert.Equal((before, generation), (instance.State, instance.BootGeneration));
            if (before == InstanceState.Terminated) Assert.Equal(InstanceState.Terminated, instance.State);
            if (before == InstanceState.ShuttingDown) Assert.True(instance.State == before || instance.State == InstanceState.Terminated);
            Assert.InRange(instance.ObservedGeneration, 0, instance.BootGeneration);
            Assert.Equal(instance.State == InstanceState.Terminated, instance.TerminatedAt is not null);
            Assert.Equal(instance.State is not (InstanceState.Stopped or InstanceState.Terminated), instance.IsActive);
            if (instance.Observed == ObservedState.Terminated) Assert.Equal(DesiredState.Terminated, instance.Desired);
            if (instance.Observed != ObservedState.Running)
                Assert.Equal((CheckStatus.NotAvailable, CheckStatus.NotAvailable), (instance.SystemCheck, instance.InstanceCheck));
        }
    }, iter: 5_000);

    [Fact]
    public void The_state_and_its_condition_for_the_database_say_the_same() =>
        (from acts in Gen.Enum<Act>().Array[0, 12] select acts).Sample(acts =>
        {
            Instance instance = New();
            foreach (Act act in acts) TryApply(instance, act);
            InstanceState[] matching = [.. Enum.GetValues<InstanceState>().Where(state => InstanceStates.Is(state).Compile()(instance))];
            Assert.Equal([instance.State], matching);
        });

    [Fact]
    public void A_guest_that_powers_off_decides_for_its_instance()
    {
        Instance stops = In(InstanceState.Running);
        stops.ObserveGuestEnd(StateReason.InstanceInitiatedShutdown, Now);
        Assert.Equal((InstanceState.Stopped, "Client.InstanceInitiatedShutdown"), (stops.State, stops.ReasonCode));

        Instance terminates = New(ShutdownBehavior.Terminate);
        terminates.ObserveBoot(1);
        terminates.ObserveGuestEnd(StateReason.InstanceInitiatedShutdown, Now);
        Assert.Equal(InstanceState.Terminated, terminates.State);
    }

    [Fact]
    public void A_stop_that_the_guest_carried_out_keeps_the_users_reason()
    {
        Instance instance = In(InstanceState.Stopping);
        instance.ObserveGuestEnd(StateReason.InstanceInitiatedShutdown, Now);
        Assert.Equal("Client.UserInitiatedShutdown", instance.ReasonCode);
    }

    [Fact]
    public void A_start_forgets_the_reason_of_the_stop()
    {
        Instance instance = In(InstanceState.Stopped);
        Assert.Null(instance.RequestStart(Now.AddHours(1)));
        Assert.Null(instance.ReasonCode);
        Assert.Equal(Now.AddHours(1), instance.LaunchedAt);
    }

    [Fact]
    public void Protection_holds_requests_off_but_not_the_guest()
    {
        var request = new CreateInstances { Image = "test", InstanceType = "standard.small", DisableApiStop = true, DisableApiTermination = true };
        var instance = Instance.Create(AccountId.New(), new Image("test", Architecture.Riscv64, Now), InstanceTypeCatalog.All[0], request, Now);
        instance.ObserveBoot(1);
        Assert.Equal(ErrorCode.OperationNotPermitted, instance.RequestStop()?.Code);
        Assert.Equal(ErrorCode.OperationNotPermitted, instance.RequestStop(isForced: true)?.Code);
        Assert.Equal(ErrorCode.OperationNotPermitted, instance.RequestTerminate()?.Code);
        Assert.Equal(InstanceState.Running, instance.State);
        instance.ObserveGuestEnd(StateReason.InstanceInitiatedShutdown, Now);
        Assert.Equal(InstanceState.Stopped, instance.State);
        // What it is already is no stop.
        Assert.Null(instance.RequestStop());
        Assert.Null(instance.RequestAttributes(null, disableApiTermination: false, null));
        Assert.Null(instance.RequestTerminate());
    }

    [Fact]
    public void The_type_changes_only_while_it_is_stopped()
    {
        Instance instance = In(InstanceState.Running);
        InstanceType large = InstanceTypeCatalog.All[2];
        Assert.Equal(ErrorCode.IncorrectInstanceState, instance.RequestType(large)?.Code);
        Assert.Null(instance.RequestType(InstanceTypeCatalog.All[0]));
        instance = In(InstanceState.Stopped);
        Assert.Null(instance.RequestType(large));
        Assert.Equal(("standard.large", 2, 512L << 20), (instance.InstanceType, instance.Vcpus, instance.MemoryBytes));
    }

    [Fact]
    public void A_stopped_instance_is_no_hosts()
    {
        Instance instance = In(InstanceState.Stopped);
        Assert.Equal((null, 0L, false), (instance.Host, instance.HostEpoch, instance.IsActive));
    }

    [Fact]
    public void A_long_reason_is_cut()
    {
        Instance instance = In(InstanceState.Running);
        instance.ObservePanic(new string('x', 10_000));
        Assert.Equal(StateReason.MaxMessageLength, instance.ReasonMessage!.Length);
    }

    private static Instance New(ShutdownBehavior behavior = ShutdownBehavior.Stop)
    {
        var image = new Image("test", Architecture.Riscv64, Now);
        var request = new CreateInstances { Image = "test", InstanceType = "standard.small", ShutdownBehavior = behavior };
        return Instance.Create(AccountId.New(), image, InstanceTypeCatalog.All[0], request, Now);
    }

    private static Instance In(InstanceState state)
    {
        Instance instance = New();
        instance.PlaceOn(new HostLease("host", 1));
        if (state is InstanceState.Running or InstanceState.Stopping or InstanceState.Stopped or InstanceState.ShuttingDown)
            instance.ObserveBoot(1);
        if (state is InstanceState.Stopping or InstanceState.Stopped) instance.RequestStop();
        if (state is InstanceState.ShuttingDown or InstanceState.Terminated) instance.RequestTerminate();
        if (state is InstanceState.Stopped or InstanceState.Terminated) instance.ObserveEnd(Now);
        Assert.Equal(state, instance.State);
        return instance;
    }

    private static bool TryApply(Instance instance, Act act)
    {
        try
        {
            switch (act)
            {
                case Act.Start:
                    return instance.RequestStart(Now) is null;
                case Act.Stop:
                    return instance.RequestStop() is null;
                case Act.Reboot:
                    return instance.RequestReboot() is null;
                case Act.Terminate:
                    return instance.RequestTerminate() is null;
                case Act.Boot:
                    instance.ObserveBoot(instance.BootGeneration);
                    return true;
                case Act.BootAhead:
                    instance.ObserveBoot(instance.BootGeneration + 1);
                    return true;
                case Act.End:
                    instance.ObserveEnd(Now);
                    return true;
                case Act.GuestEnd:
                    instance.ObserveGuestEnd(Reason, Now);
                    return true;
                case Act.Fail:
                    instance.ObserveFailure(Reason, Now);
                    return true;
                case Act.Panic:
                    instance.ObservePanic("Kernel panic - not syncing: a test");
                    return true;
                case Act.LoseMachine:
                    instance.ObserveMachineLost(Reason, Now);
                    return true;
                case Act.Check:
                    instance.ObserveChecks(new InstanceChecks(CheckStatus.Passed, CheckStatus.Initializing, IsShortOfMemory: false));
                    return true;
                case Act.Release:
                    instance.Release(Now);
                    return true;
                default:
                    throw new ArgumentOutOfRangeException(nameof(act));
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
