using CloudLab.ControlPlane.Instances;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>The decision table of the reconciler: a pure function of the row and the machine.</summary>
/// <remarks>Each step changes the row or the machine, so that the same question afterwards has another answer.</remarks>
internal static class InstancePlan
{
    public static InstanceStep Next(Instance row, MachineView machine)
    {
        if (row.Observed == ObservedState.Terminated)
            return machine.Presence == MachinePresence.Alive ? InstanceStep.ForceStop : InstanceStep.None;

        return (row.Desired, machine.Presence) switch
        {
            (DesiredState.Running, MachinePresence.None) => InstanceStep.Start,
            (DesiredState.Running, MachinePresence.Alive) => KeepRunning(row, machine),
            // The guest ended while a reboot was on its way: the reboot wins.
            (DesiredState.Running, MachinePresence.Ended) =>
                row.BootGeneration > machine.Generation ? InstanceStep.Start : InstanceStep.RecordGuestEnd,

            (DesiredState.Stopped, MachinePresence.Alive) => ShutDown(machine),
            (DesiredState.Stopped, _) => row.Observed == ObservedState.Stopped ? InstanceStep.None : InstanceStep.RecordEnd,

            // Nothing of the instance outlives it, so there is nothing that its guest would have to put in order.
            (DesiredState.Terminated, MachinePresence.Alive) => InstanceStep.ForceStop,
            (DesiredState.Terminated, _) => InstanceStep.RecordEnd,
        };
    }

    private static InstanceStep KeepRunning(Instance row, MachineView machine)
    {
        if (row.BootGeneration > machine.Generation) return InstanceStep.Reset;
        bool isRecorded = row.Observed == ObservedState.Running && row.ObservedGeneration == machine.Generation;
        return isRecorded ? InstanceStep.None : InstanceStep.RecordBoot;
    }

    private static InstanceStep ShutDown(MachineView machine)
    {
        if (!machine.IsShutdownAsked) return InstanceStep.AskForShutdown;
        return machine.IsShutdownOverdue ? InstanceStep.ForceStop : InstanceStep.None;
    }
}
