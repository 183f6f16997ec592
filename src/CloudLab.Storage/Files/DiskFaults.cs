namespace CloudLab.Storage.Files;

/// <summary>Tells a disk that is full from one that is broken.</summary>
public static class DiskFaults
{
    /// <summary>Whether the cause of an exception is that there is no room left, on the disk or in the owner's quota of it.</summary>
    public static bool IsFull(Exception? exception) => exception switch
    {
        null => false,
        // What .NET puts into the low half of HResult: ENOSPC and EDQUOT on Linux, ERROR_DISK_FULL on Windows.
        IOException io when (io.HResult & 0xFFFF) is 28 or 122 or 0x70 => true,
        _ => IsFull(exception.InnerException),
    };
}
