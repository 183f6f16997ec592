namespace CloudLab.Machine;

/// <summary>Why a machine or an image could not be made: the caller's request, not a fault of the VMM.</summary>
public sealed class MachineException : Exception
{
    /// <summary>Whether it was for want of memory on the host: there may be some later.</summary>
    public bool IsForMemory { get; init; }

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
