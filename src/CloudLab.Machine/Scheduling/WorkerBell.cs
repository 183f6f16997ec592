using System.Runtime.InteropServices;

namespace CloudLab.Machine.Scheduling;

/// <summary>
/// Where one worker sleeps until another thread rings or a time is over: an eventfd(2) and ppoll(2), because a monitor
/// waits for whole milliseconds only, which is as long as a guest's timer may be late.
/// </summary>
internal sealed partial class WorkerBell : IDisposable
{
    private const int CloseOnExec = 0x8_0000, NonBlocking = 0x800;
    private const short Readable = 1;

    private readonly int _descriptor;

    public WorkerBell()
    {
        _descriptor = eventfd(0, CloseOnExec | NonBlocking);
        if (_descriptor < 0) throw new MachineException($"a worker's event cannot be made: error {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Ends the sleep, or the next one if the worker does not sleep. Any thread.</summary>
    public void Ring() => _ = write(_descriptor, 1, sizeof(ulong));

    /// <summary>Sleeps until the bell was rung or the nanoseconds are over, or for no reason. The worker's thread only.</summary>
    /// <param name="nanoseconds">How long; <see cref="long.MaxValue"/> is for ever.</param>
    public void Wait(long nanoseconds)
    {
        var poll = new PollDescriptor { Descriptor = _descriptor, Events = Readable };
        if (nanoseconds == long.MaxValue) _ = ppoll(ref poll, 1, 0, 0);
        else
        {
            var timeout = new Timespec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
            _ = ppoll(ref poll, 1, in timeout, 0);
        }

        if (poll.ReturnedEvents != 0) _ = read(_descriptor, out _, sizeof(ulong));
    }

    public void Dispose() => _ = close(_descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint count, int flags);

    [LibraryImport("libc")]
    private static partial nint write(int descriptor, in ulong value, nuint size);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, out ulong value, nuint size);

    [LibraryImport("libc")]
    private static partial int ppoll(ref PollDescriptor descriptors, nuint count, in Timespec timeout, nint signals);

    [LibraryImport("libc")]
    private static partial int ppoll(ref PollDescriptor descriptors, nuint count, nint noTimeout, nint signals);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
