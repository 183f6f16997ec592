using System.Runtime.InteropServices;

namespace CloudLab.Machine.Scheduling;

/// <summary>What the host's scheduler is told of the calling thread.</summary>
internal static partial class HostThread
{
    private const int PrioProcess = 0;

    // About a third of the weight of an ordinary thread: guests get all that is left over, and the threads that answer
    // the API, which need little, get it at once.
    private const int VcpuNice = 5;

    /// <summary>
    /// Lets ordinary threads go before this one: setpriority(2), which on Linux means the calling thread for an id of 0.
    /// Where it is refused the thread stays as it is.
    /// </summary>
    public static void YieldToOthers() => _ = setpriority(PrioProcess, 0, VcpuNice);

    [LibraryImport("libc")]
    private static partial int setpriority(int which, uint who, int priority);
}
