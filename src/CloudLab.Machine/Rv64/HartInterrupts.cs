using CloudLab.Machine.Devices;

namespace CloudLab.Machine.Rv64;

/// <summary>Carries interrupt lines from the controllers to the harts.</summary>
internal sealed class HartInterrupts(IReadOnlyList<Rv64Vcpu> vcpus) : IHartInterrupts
{
    public int Count => vcpus.Count;

    public void SetExternal(int hart, bool supervisor, bool level) =>
        vcpus[hart].SetLine(supervisor ? InterruptBits.SupervisorExternal : InterruptBits.MachineExternal, level);

    public void SetSoftware(int hart, bool level) => vcpus[hart].SetLine(InterruptBits.MachineSoftware, level);

    public void SetTimerDeadline(int hart, ulong mtimecmp) => vcpus[hart].SetMachineDeadline(mtimecmp);
}
