using System.Buffers.Binary;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices;

/// <summary>
/// The host-target interface of RISC-V simulators: two words in RAM, named by symbols of the kernel. What the guest
/// stores to <c>tohost</c> is a command, which is taken by clearing the word; the answer, if any, goes to <c>fromhost</c>.
/// </summary>
/// <remarks>
/// <code>
///   63    56 55    48 47                                   0
///   ┌────────┬────────┬─────────────────────────────────────┐
///   │ device │command │ payload                             │
///   └────────┴────────┴─────────────────────────────────────┘
///     0        0        odd: the end, with code payload / 2; even: address of a system call (number and arguments, 8 × 8 bytes)
///     1        1        a character for the console
/// </code>
/// (riscv-isa-sim, fesvr/htif.cc, device.cc and syscall.cc.) Called on the storing vCPU's thread, by several at once.
/// </remarks>
internal sealed class Htif(GuestMemory memory, GuestAddress toHost, GuestAddress? fromHost, Action<ReadOnlySpan<byte>> output, IPowerControl power)
{
    private const int DeviceSystem = 0;
    private const int DeviceConsole = 1;
    private const int ConsoleWrite = 1;
    private const int CallLength = 64;

    // Linux's numbers for RISC-V, as everywhere in newlib.
    private const ulong CallWrite = 64;
    private const ulong CallExit = 93;
    private const long BadFile = -9;
    private const long BadAddress = -14;
    private const long NoSuchCall = -38;

    // A longer write is a short one, as write(2) may be.
    private const ulong LongestWrite = 64 << 10;

    private const int PieceLength = 1024;

    private readonly Lock _lock = new();
    private bool _hasEnded;
    private volatile bool _isHeldUp;
    private long _ignored;

    /// <summary>Commands and calls that were acknowledged but mean nothing here.</summary>
    public long Ignored => Volatile.Read(ref _ignored);

    /// <summary>Takes the command from <c>tohost</c>, if there is one.</summary>
    public WatchedStore Serve()
    {
        lock (_lock)
        {
            // What follows the end, until the harts have stopped, is the program saying it again.
            ulong command = ReadLong(toHost);
            if (command == 0 || _hasEnded) return WatchedStore.Ignored;
            // Guest code was left for it all the same.
            if (_isHeldUp = !TryCharge(command)) return WatchedStore.Served;
            WriteLong(toHost, 0);
            ulong payload = command & 0xffff_ffff_ffff;
            switch ((Device: (int)(command >> 56), Command: (int)(command >> 48 & 0xff)))
            {
                case (DeviceSystem, 0) when payload % 2 != 0: End(payload >> 1); break;
                case (DeviceSystem, 0): Call(new GuestAddress(payload)); break;
                case (DeviceConsole, ConsoleWrite): output([(byte)payload]); break;
                default: _ignored++; break;
            }

            return _hasEnded ? WatchedStore.Ended : WatchedStore.Served;
        }
    }

    /// <summary>The machine goes on, perhaps with memory for an answer that there was none for.</summary>
    public void Resume()
    {
        if (_isHeldUp) Serve();
    }

    /// <summary>The machine was restored: where it was saved, a command may have been held up.</summary>
    public void Restore() => _isHeldUp = true;

    /// <summary>The machine is reset.</summary>
    public void Reset() => _hasEnded = _isHeldUp = false;

    /// <summary>
    /// Makes sure that the host has memory for the answer. Without it the command stays in <c>tohost</c>, the machine
    /// pauses, and looks here again when it goes on.
    /// </summary>
    private bool TryCharge(ulong command)
    {
        bool isCall = command >> 48 == 0 && command % 2 == 0;
        return memory.TryCharge(toHost, sizeof(ulong))
            && (!isCall || memory.TryCharge(new GuestAddress(command & 0xffff_ffff_ffff), sizeof(ulong)))
            && (!isCall || fromHost is not { } answer || memory.TryCharge(answer, sizeof(ulong)));
    }

    private void End(ulong code)
    {
        _hasEnded = true;
        if (code == 0) power.PowerOff();
        else power.Fail((int)Math.Min(code, int.MaxValue));
    }

    private void Call(GuestAddress call)
    {
        Span<byte> words = stackalloc byte[CallLength];
        if (!memory.TryRead(call, words))
        {
            _ignored++;
            return;
        }

        ulong number = Argument(words, 0);
        if (number == CallExit)
        {
            // A status has 8 bits, whatever its register holds.
            End((byte)Argument(words, 1));
            return;
        }

        long result = NoSuchCall;
        if (number == CallWrite) result = Write(Argument(words, 1), new GuestAddress(Argument(words, 2)), Argument(words, 3));
        else _ignored++;
        WriteLong(call, (ulong)result);
        if (fromHost is { } answer) WriteLong(answer, 1);
    }

    private long Write(ulong file, GuestAddress source, ulong length)
    {
        if (file is not (1 or 2)) return BadFile;
        int count = (int)Math.Min(length, LongestWrite);
        if (!memory.Contains(source, (ulong)count)) return BadAddress;
        Span<byte> piece = stackalloc byte[PieceLength];
        for (int done = 0; done < count; done += PieceLength)
        {
            Span<byte> bytes = piece[..Math.Min(count - done, PieceLength)];
            memory.TryRead(source.Add((ulong)done), bytes);
            output(bytes);
        }

        return count;
    }

    private static ulong Argument(ReadOnlySpan<byte> words, int index) => BinaryPrimitives.ReadUInt64LittleEndian(words[(index * 8)..]);

    private ulong ReadLong(GuestAddress address)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        memory.TryRead(address, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void WriteLong(GuestAddress address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        memory.TryWrite(address, bytes);
    }
}
