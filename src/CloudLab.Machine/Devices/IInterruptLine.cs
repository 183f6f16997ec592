namespace CloudLab.Machine.Devices;

/// <summary>A level-triggered wire from a device to the interrupt controller. May be driven from any thread.</summary>
public interface IInterruptLine
{
    /// <summary>Sets the level of the wire; setting the level it has does nothing.</summary>
    void Set(bool level);
}
