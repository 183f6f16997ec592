namespace CloudLab.Machine;

/// <summary>Why a machine or an image could not be made: the caller's request, not a fault of the VMM.</summary>
public sealed class MachineException : Exception
{
    public MachineException()
    {
    }

    public MachineException(string message)
        : base(message)
    {
    }

    public MachineException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
