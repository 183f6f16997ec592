using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;

namespace CloudLab.ControlPlane.Instances;

/// <summary>
/// The row of an instance and the rules by which it changes. <c>Request…</c> methods are the account's side: they
/// change what is desired, or answer why not. The others are the owning host's: they record what was observed, and an
/// illegal one is a bug that throws.
/// </summary>
/// <code>
///  pending ──▶ running ──▶ stopping ──▶ stopped ──▶ pending …
///  reboot: boot generation + 1; the state stays running
///  terminate from any of them ──▶ shutting-down ──▶ terminated
/// </code>
public sealed class Instance : IVersioned
{
    private Instance()
    {
    }

    public InstanceId Id { get; private set; }

    public AccountId AccountId { get; private set; }

    public ImageId ImageId { get; private set; }

    public string InstanceType { get; private set; } = "";

    public Architecture Architecture { get; private set; }

    /// <summary>The type's vCPUs when the instance was created.</summary>
    public int Vcpus { get; private set; }

    /// <summary>The type's memory when the instance was created; placement adds these up.</summary>
    public long MemoryBytes { get; private set; }

    public ShutdownBehavior ShutdownBehavior { get; private set; }

    /// <summary>Whether the API refuses to terminate it. What the guest itself does is not refused.</summary>
    public bool DisableApiTermination { get; private set; }

    /// <summary>Whether the API refuses to stop it. What the guest itself does is not refused.</summary>
    public bool DisableApiStop { get; private set; }

    /// <summary>The sizes in bytes of its scratch disks, in the order of their names in the guest.</summary>
    public List<long> ScratchDisks { get; private set; } = [];

    public DesiredState Desired { get; private set; }

    public ObservedState Observed { get; private set; }

    /// <summary>How many boots were asked for: 1 at creation, one more for each reboot.</summary>
    public int BootGeneration { get; private set; }

    /// <summary>The last generation that was asked for without a word to the guest; 0 for none.</summary>
    public int HardGeneration { get; private set; }

    /// <summary>Whether the stop that is desired is one without a word to the guest.</summary>
    public bool IsStopForced { get; private set; }

    /// <summary>The generation that the machine last booted for; 0 when it never ran.</summary>
    public int ObservedGeneration { get; private set; }

    /// <summary>The name of the owning host, or null before placement and once it is stopped.</summary>
    public string? Host { get; private set; }

    /// <summary>The epoch of the owning host at which it owns the instance; a host at another epoch writes nothing.</summary>
    public long HostEpoch { get; private set; }

    public string? ReasonCode { get; private set; }

    public string? ReasonMessage { get; private set; }

    /// <summary>When the state that the account sees last changed, or null before it first did.</summary>
    public DateTimeOffset? StateChangedAt { get; private set; }

    /// <summary>How often the state has changed since the creation.</summary>
    public int TransitionCount { get; private set; }

    /// <summary>Whether the vCPUs make progress; impaired too while the machine is paused for want of memory.</summary>
    public CheckStatus SystemCheck { get; private set; }

    /// <summary>When that last changed, or null if it never did.</summary>
    public DateTimeOffset? SystemCheckChangedAt { get; private set; }

    /// <summary>Whether the guest answers.</summary>
    public CheckStatus InstanceCheck { get; private set; }

    /// <summary>When that last changed, or null if it never did.</summary>
    public DateTimeOffset? InstanceCheckChangedAt { get; private set; }

    /// <summary>The client token of the creating request, or null.</summary>
    public string? ClientToken { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>When it was last asked to start: at creation, then at each start.</summary>
    public DateTimeOffset LaunchedAt { get; private set; }

    public DateTimeOffset? TerminatedAt { get; private set; }

    public List<InstanceTag> Tags { get; private set; } = [];

    public long Version { get; set; } = 1;

    /// <summary>What was last observed of its guest.</summary>
    internal InstanceChecks Checks => new(SystemCheck, InstanceCheck, IsShortOfMemory);

    private bool IsShortOfMemory => ReasonCode == StateReason.InsufficientHostMemory.Code;

    /// <summary>The state that the account sees.</summary>
    public InstanceState State => InstanceStates.Of(Desired, Observed);

    /// <summary>
    /// Whether some host has something to do for it: a column, because among a hundred thousand stopped instances the
    /// few that need work are found by it.
    /// </summary>
    public bool IsActive
    {
        get => State is not (InstanceState.Stopped or InstanceState.Terminated);
        private set => _ = value;
    }

    /// <summary>A new instance that should run.</summary>
    public static Instance Create(
        AccountId account,
        Image image,
        InstanceType type,
        CreateInstances request,
        DateTimeOffset now) => new()
        {
            Id = InstanceId.New(),
            AccountId = account,
            ImageId = image.Id,
            InstanceType = type.Name,
            Architecture = type.Architecture,
            Vcpus = type.Vcpus,
            MemoryBytes = type.MemoryBytes,
            ShutdownBehavior = request.ShutdownBehavior,
            DisableApiTermination = request.DisableApiTermination,
            DisableApiStop = request.DisableApiStop,
            ScratchDisks = [.. request.ScratchDisks],
            BootGeneration = 1,
            ClientToken = request.ClientToken,
            CreatedAt = now,
            LaunchedAt = now,
            Tags = [.. request.Tags.Select(tag => new InstanceTag(tag.Key, tag.Value))],
        };

    /// <summary>Asks for a start. Nothing when it runs or starts already.</summary>
    /// <returns>Null, or why it cannot start.</returns>
    public CloudLabError? RequestStart(DateTimeOffset now)
    {
        switch (State)
        {
            case InstanceState.Pending or InstanceState.Running:
                return null;
            case InstanceState.Stopped:
                Desired = DesiredState.Running;
                IsStopForced = false;
                LaunchedAt = now;
                SetReason(null);
                return null;
            default:
                return Refusal("started");
        }
    }

    /// <summary>Asks for a stop. Nothing when it is stopped; one that stops already can still be forced.</summary>
    /// <param name="isForced">Whether to stop it without a word to the guest.</param>
    /// <returns>Null, or why it cannot stop.</returns>
    public CloudLabError? RequestStop(bool isForced = false)
    {
        switch (State)
        {
            case InstanceState.Stopped:
                return null;
            case InstanceState.Stopping:
                IsStopForced |= isForced;
                return null;
            case InstanceState.Pending or InstanceState.Running when DisableApiStop:
                return Protected("stopped", "disableApiStop");
            case InstanceState.Pending or InstanceState.Running:
                Desired = DesiredState.Stopped;
                IsStopForced = isForced;
                SetReason(StateReason.UserInitiatedShutdown);
                return null;
            default:
                return Refusal("stopped");
        }
    }

    /// <summary>Asks for one more boot.</summary>
    /// <param name="isHard">Whether to reset the machine without a word to the guest.</param>
    /// <returns>Null, or why it cannot reboot.</returns>
    public CloudLabError? RequestReboot(bool isHard = false)
    {
        if (State is not (InstanceState.Pending or InstanceState.Running)) return Refusal("rebooted");
        BootGeneration++;
        if (isHard) HardGeneration = BootGeneration;
        return null;
    }

    /// <summary>Asks for the end. Possible in every state; nothing when it was asked for before.</summary>
    /// <returns>Null, or that it is protected.</returns>
    public CloudLabError? RequestTerminate()
    {
        if (Desired == DesiredState.Terminated) return null;
        if (DisableApiTermination) return Protected("terminated", "disableApiTermination");
        Desired = DesiredState.Terminated;
        SetReason(StateReason.UserInitiatedShutdown);
        return null;
    }

    /// <summary>Makes it another type: only while it is stopped, since a machine keeps its size.</summary>
    /// <returns>Null, or why not.</returns>
    internal CloudLabError? RequestType(InstanceType type)
    {
        if (type.Name == InstanceType) return null;
        if (State != InstanceState.Stopped) return Refusal("given another type");
        if (type.Architecture != Architecture)
            return new CloudLabError(ErrorCode.InvalidParameter, "the instance and the instance type differ in architecture");
        (InstanceType, Vcpus, MemoryBytes) = (type.Name, type.Vcpus, type.MemoryBytes);
        return null;
    }

    /// <summary>Changes attributes that need no machine; null leaves one as it is. Possible until it is terminated.</summary>
    /// <returns>Null, or why not.</returns>
    internal CloudLabError? RequestAttributes(ShutdownBehavior? shutdownBehavior, bool? disableApiTermination, bool? disableApiStop)
    {
        if (Desired == DesiredState.Terminated) return Refusal("changed");
        ShutdownBehavior = shutdownBehavior ?? ShutdownBehavior;
        DisableApiTermination = disableApiTermination ?? DisableApiTermination;
        DisableApiStop = disableApiStop ?? DisableApiStop;
        return null;
    }

    /// <summary>Gives it exactly these tags, which are checked; its tags are loaded. Counts as a change of the row.</summary>
    internal void SetTags(IReadOnlyDictionary<string, string> tags)
    {
        Tags.RemoveAll(tag => !tags.ContainsKey(tag.Key));
        foreach ((string key, string value) in tags)
        {
            if (Tags.Find(tag => tag.Key == key) is { } known) known.SetValue(value);
            else Tags.Add(new InstanceTag(key, value));
        }
    }

    /// <summary>The state changed from another; called as the change is saved.</summary>
    internal InstanceTransition NoteTransition(InstanceState from, DateTimeOffset now)
    {
        StateChangedAt = now;
        return new InstanceTransition(Id, ++TransitionCount, now, from, State, ReasonCode, ReasonMessage);
    }

    /// <summary>Keeps when the checks changed; called as the change is saved.</summary>
    internal void NoteChecks(CheckStatus systemBefore, CheckStatus instanceBefore, DateTimeOffset now)
    {
        if (SystemCheck != systemBefore) SystemCheckChangedAt = now;
        if (InstanceCheck != instanceBefore) InstanceCheckChangedAt = now;
    }

    /// <summary>A machine runs and has booted for <paramref name="generation"/>.</summary>
    internal void ObserveBoot(int generation)
    {
        Require(Observed != ObservedState.Terminated && generation >= ObservedGeneration && generation <= BootGeneration);
        // What was wrong with the boot before is over; why the instance is to stop is not.
        bool isReboot = Observed == ObservedState.Running && generation > ObservedGeneration;
        if (isReboot && Desired == DesiredState.Running) SetReason(null);
        Observed = ObservedState.Running;
        ObservedGeneration = generation;
    }

    /// <summary>No machine is left, as desired.</summary>
    internal void ObserveEnd(DateTimeOffset now)
    {
        Require(Observed != ObservedState.Terminated && Desired != DesiredState.Running);
        End(Desired == DesiredState.Terminated ? ObservedState.Terminated : ObservedState.Stopped, now);
    }

    /// <summary>The guest ended its machine by itself, which is a request of its own: it stays down.</summary>
    internal void ObserveGuestEnd(StateReason reason, DateTimeOffset now)
    {
        Require(Observed != ObservedState.Terminated);
        if (Desired == DesiredState.Running)
        {
            Desired = ShutdownBehavior == ShutdownBehavior.Terminate ? DesiredState.Terminated : DesiredState.Stopped;
            SetReason(reason);
        }

        ObserveEnd(now);
    }

    /// <summary>The machine cannot be had or kept: an instance that never ran is terminated, another is stopped.</summary>
    internal void ObserveFailure(StateReason reason, DateTimeOffset now)
    {
        Require(Observed != ObservedState.Terminated);
        if (Desired == DesiredState.Running)
        {
            Desired = ObservedGeneration == 0 ? DesiredState.Terminated : DesiredState.Stopped;
            SetReason(reason);
        }

        ObserveEnd(now);
    }

    /// <summary>The guest's kernel panicked; the state is as before.</summary>
    internal void ObservePanic(string line)
    {
        Require(Observed != ObservedState.Terminated);
        if (Desired == DesiredState.Running) SetReason(StateReason.KernelPanic(line));
    }

    /// <summary>The host has no machine for it any more although it had; it starts again, or its end is complete.</summary>
    internal void ObserveMachineLost(StateReason reason, DateTimeOffset now)
    {
        Require(Observed != ObservedState.Terminated);
        if (Desired == DesiredState.Terminated || (Desired == DesiredState.Stopped && Observed != ObservedState.Stopped))
        {
            ObserveEnd(now);
        }
        else if (Observed == ObservedState.Running)
        {
            Observed = ObservedState.Pending;
            SystemCheck = InstanceCheck = CheckStatus.NotAvailable;
            SetReason(reason);
        }
    }

    internal void ObserveChecks(InstanceChecks checks)
    {
        Require(Observed == ObservedState.Running);
        (SystemCheck, InstanceCheck, bool isShort) = checks;
        // Why it is to stop stays the reason; and only this reason is over when there is memory.
        if (Desired == DesiredState.Running && isShort != IsShortOfMemory) SetReason(isShort ? StateReason.InsufficientHostMemory : null);
    }

    /// <summary>Gives the instance to a host, or to the same one at its next epoch.</summary>
    internal void PlaceOn(HostLease lease)
    {
        Host = lease.Name;
        HostEpoch = lease.Epoch;
    }

    /// <summary>The host is gone and fenced off: another may take the instance.</summary>
    internal void Release(DateTimeOffset now)
    {
        ObserveMachineLost(StateReason.HostLost, now);
        (Host, HostEpoch) = (null, 0);
    }

    private void End(ObservedState end, DateTimeOffset now)
    {
        Observed = end;
        SystemCheck = InstanceCheck = CheckStatus.NotAvailable;
        if (end == ObservedState.Terminated) TerminatedAt = now;
        // A stopped instance is no host's: its next start finds the one that has room then.
        else (Host, HostEpoch) = (null, 0);
    }

    private void SetReason(StateReason? reason)
    {
        ReasonCode = reason?.Code;
        ReasonMessage = reason?.Message;
    }

    private CloudLabError Protected(string verb, string attribute) =>
        new(ErrorCode.OperationNotPermitted, $"instance {Id} cannot be {verb} while its {attribute} is true");

    private CloudLabError Refusal(string verb) =>
        new(ErrorCode.IncorrectInstanceState, $"instance {Id} is {EnumText.Of(State)} and cannot be {verb} now");

    private void Require(bool legal)
    {
        if (!legal)
            throw new InvalidOperationException($"{Id}: illegal with desired {Desired}, observed {Observed}, boots {ObservedGeneration}/{BootGeneration}");
    }
}
