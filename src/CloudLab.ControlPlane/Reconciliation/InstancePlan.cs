using CloudLab.ControlPlane.Instances;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>The decision table of the reconciler: a pure function of the row and the machine.</summary>
/// <remarks>Each step changes the row or the machine, so that the same question afterwards has another answer.</remarks>
internal static class InstancePlan
{
    public static InstanceStep Next(Instance row, MachineView machine) => machine.Presence switch
    {
        MachinePresence.None => WithoutMachine(row),
        MachinePresence.Alive => WithMachine(row, machine),
        MachinePresence.Ended => AfterMachine(row, machine),
    };

    private static InstanceStep WithoutMachine(Instance row) => (row.Desired, row.Observed) switch
    {
        (_, ObservedState.Terminated) => InstanceStep.None,
        (DesiredState.Running, _) => InstanceStep.Start,
        (DesiredState.Stopped, ObservedState.Stopped) => InstanceStep.None,
        (DesiredState.Stopped or DesiredState.Terminated, _) => InstanceStep.RecordEnd,
    };

    private static InstanceStep WithMachine(Instance row, MachineView machine)
    {
        // Nothing of a terminated instance outlives it, so there is nothing that its guest would have to put in order.
        if (row.Desired == DesiredState.Terminated) return InstanceStep.ForceStop;
        if (row.Desired == DesiredState.Stopped && row.IsStopForced) return InstanceStep.ForceStop;
        if (row.Desired == DesiredState.Running && row.HardGeneration > machine.Generation) return InstanceStep.Reset;
        // A guest that was asked to go down is on its way, whatever is desired by now.
        if (row.Desired == DesiredState.Stopped || machine.Asked == GuestRequest.ShutDown) return ShutDown(machine);
        if (row.BootGeneration > machine.Generation) return Reboot(machine);
        bool isRecorded = row.Observed == ObservedState.Running && row.ObservedGeneration == machine.Generation;
        return isRecorded ? InstanceStep.None : InstanceStep.RecordBoot;
    }

    private static InstanceStep AfterMachine(Instance row, MachineView machine) => (row.Desired, row.Observed) switch
    {
        (_, ObservedState.Terminated) => InstanceStep.Drop,
        // It went down because it was asked, or while a reboot was on its way: what is desired now wins.
        (DesiredState.Running, _) when machine.Asked == GuestRequest.ShutDown || row.BootGeneration > machine.Generation => InstanceStep.Start,
        (DesiredState.Running, _) => InstanceStep.RecordGuestEnd,
        (DesiredState.Stopped, ObservedState.Stopped) => InstanceStep.Drop,
        (DesiredState.Stopped or DesiredState.Terminated, _) => InstanceStep.RecordEnd,
    };

    private static InstanceStep ShutDown(MachineView machine)
    {
        if (machine.Asked != GuestRequest.ShutDown) return InstanceStep.AskForShutdown;
        return machine.IsOverdue ? InstanceStep.ForceStop : InstanceStep.None;
    }

    private static InstanceStep Reboot(MachineView machine)
    {
        if (machine.Asked != GuestRequest.Reboot) return InstanceStep.AskForReboot;
        return machine.IsOverdue ? InstanceStep.Reset : InstanceStep.None;
    }
}
