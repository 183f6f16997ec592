using CloudLab.Machine.Devices;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>Kernels in M-mode that want much memory: they fill a range of RAM page by page, look whether it holds what it must, and say so.</summary>
internal static class PressureGuest
{
    public const ulong MemorySize = 64 << 20;

    /// <summary>The first byte of a range that nothing lies in.</summary>
    public const ulong Start = 0x8080_0000;

    /// <summary>What a disk for <see cref="Read"/> holds at the start of each page.</summary>
    public const ulong Pattern = 0x1122_3344_5566_7788;

    /// <summary>How much <see cref="Read"/> reads with one request, which is all of its disk.</summary>
    public const int Transfer = 512 << 10;

    private const ulong Image = 0x8020_0000;
    private const ulong Descriptors = Image + 0x1_0000, Driver = Image + 0x1_1000, Device = Image + 0x1_2000, Header = Image + 0x1_3000;

    /// <summary>Stores to each page of <paramref name="length"/> bytes of RAM, on every hart.</summary>
    public static GuestProgram Fill(ulong length) => Fill(new GuestProgram(), length);

    public static GuestProgram Fill(this GuestProgram program, ulong length)
    {
        Range(program, length);
        int top = program.Length;
        return program.Add(Sd(S0, S0, 0), Add(S0, S0, S2)).Add(Bltu(S0, S1, top - program.Length));
    }

    /// <summary>Loads from each page what <see cref="Fill(ulong)"/> stored; does not come back when it is something else.</summary>
    public static GuestProgram Check(this GuestProgram program, ulong length)
    {
        Range(program, length);
        int top = program.Length;
        return program.Add(Ld(T1, S0, 0), Bne(T1, S0, 0), Add(S0, S0, S2)).Add(Bltu(S0, S1, top - program.Length));
    }

    /// <summary>Only the first hart comes through.</summary>
    public static GuestProgram First(this GuestProgram program) => program.Add(Bne(A0, Zero, 0));

    /// <summary>Powers off by the test device.</summary>
    public static GuestProgram End(this GuestProgram program) =>
        program.Add(LoadAddress(T0, VirtMemoryMap.Test.Value)).Add(LoadAddress(T1, 0x5555)).Add(Sw(T1, T0, 0)).Spin();

    /// <summary>Waits for a byte on the serial line.</summary>
    public static GuestProgram Wait(this GuestProgram program) =>
        program.Add(LoadAddress(T0, 0x1000_0000)).Add(Lbu(T1, T0, 5), I(7, 0x13, T1, T1, 1), Beq(T1, Zero, -8), Lbu(T1, T0, 0));

    /// <summary>Has a disk fill the range, request after request, and looks at each page.</summary>
    public static GuestProgram Read(ulong length)
    {
        var program = new GuestProgram();
        program.Add(LoadAddress(S3, VirtMemoryMap.Virtio(0).Value));
        (int Register, ulong Value)[] registers =
        [
            (0x70, 0), (0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 11), (0x30, 0), (0x38, 128), (0x80, Descriptors),
            (0x84, 0), (0x90, Driver), (0x94, 0), (0xa0, Device), (0xa4, 0), (0x44, 1), (0x70, 15),
        ];
        foreach ((int register, ulong value) in registers) program.Add(LoadAddress(T1, value)).Add(Sw(T1, S3, register));
        Describe(program, 0, Header, 16, flags: 1, next: 1);
        Describe(program, 1, Start, Transfer, flags: 3, next: 2);
        Describe(program, 2, Header + 64, 1, flags: 2, next: 0);
        // The device reads sector 0, as the header of zeroes says.
        Range(program, length);
        program.Add(LoadAddress(T2, Descriptors)).Add(LoadAddress(S4, Driver)).Add(LoadAddress(A2, Device)).Add(LoadAddress(A3, Transfer));
        int next = program.Length;
        program.Add(Sd(S0, T2, 16), I(5, 0x03, T0, S4, 2), Addi(T0, T0, 1), Sh(T0, S4, 2), Sw(Zero, S3, 0x50));
        int poll = program.Length;
        program.Add(I(5, 0x03, T0, S4, 2), I(5, 0x03, T1, A2, 2)).Add(Bne(T0, T1, poll - program.Length));
        // The status: whatever is not zero is waited for without end.
        program.Add(LoadAddress(T0, Header + 64)).Add(Lbu(T1, T0, 0), Bne(T1, Zero, 0), Add(S0, S0, A3));
        program.Add(Bltu(S0, S1, next - program.Length));
        Range(program, length);
        program.Add(LoadAddress(T0, Pattern));
        int check = program.Length;
        return program.Add(Ld(T1, S0, 0), Bne(T1, T0, 0), Add(S0, S0, S2)).Add(Bltu(S0, S1, check - program.Length));
    }

    private static void Range(GuestProgram program, ulong length) =>
        program.Add(LoadAddress(S0, Start)).Add(LoadAddress(S1, Start + length)).Add(Lui(S2, 0x1000));

    private static void Describe(GuestProgram program, int index, ulong address, ulong length, ulong flags, ulong next) =>
        program.Add(LoadAddress(T0, Descriptors + ((ulong)index * 16))).Add(LoadAddress(T1, address)).Add(Sd(T1, T0, 0))
            .Add(LoadAddress(T1, length | flags << 32 | next << 48)).Add(Sd(T1, T0, 8));
}
