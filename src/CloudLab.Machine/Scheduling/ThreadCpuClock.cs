using System.Runtime.InteropServices;

namespace CloudLab.Machine.Scheduling;

/// <summary>The CPU time of the calling thread: clock_gettime(2) with CLOCK_THREAD_CPUTIME_ID.</summary>
internal static partial class ThreadCpuClock
{
    private const int ThreadCpuTimeId = 3;

    public static long Nanoseconds
    {
        get
        {
            _ = clock_gettime(ThreadCpuTimeId, out Timespec time);
            return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
        }
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
