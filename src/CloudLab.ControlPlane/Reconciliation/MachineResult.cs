using CloudLab.ControlPlane.Instances;
using CloudLab.Machine;
using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>A machine that was built, or why none can be.</summary>
/// <param name="Machine">The machine, not started yet; owned by the caller.</param>
/// <param name="Images">What it boots from; released by the caller after the machine is disposed.</param>
/// <param name="Disks">Its scratch disks; disposed by the caller after the machine.</param>
/// <param name="HasAgent">Whether its guest runs the agent.</param>
/// <param name="Refusal">Why there is none, when <paramref name="Machine"/> is null.</param>
internal sealed record MachineResult(
    VirtualMachine? Machine,
    IReadOnlyList<ImageLease> Images,
    IReadOnlyList<IBlockBackend> Disks,
    bool HasAgent,
    StateReason? Refusal);
