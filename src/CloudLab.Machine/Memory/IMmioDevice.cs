namespace CloudLab.Machine.Memory;

/// <summary>Registers in guest-physical space. Called by vCPU worker threads, several at once: a device locks for itself.</summary>
/// <remarks>Neither method throws or blocks, whatever the guest sends: a bad access is counted, reads as zero and writes nothing.</remarks>
public interface IMmioDevice
{
    /// <summary>Reads <paramref name="size"/> (1, 2, 4 or 8) bytes at <paramref name="offset"/> from the device's base.</summary>
    ulong Read(ulong offset, int size);

    /// <summary>Writes the low <paramref name="size"/> (1, 2, 4 or 8) bytes of <paramref name="value"/>.</summary>
    void Write(ulong offset, int size, ulong value);
}
