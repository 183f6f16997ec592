namespace CloudLab.Machine;

/// <summary>In which mode, and so beside which firmware, a kernel starts.</summary>
public enum StartMode
{
    /// <summary>The boot hart enters S-mode and the VMM plays the firmware (SBI); other harts wait to be started by a call.</summary>
    Supervisor,

    /// <summary>Every hart enters M-mode as after power-on and nobody plays firmware: the kernel has the machine to itself.</summary>
    Machine,
}
