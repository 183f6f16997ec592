using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using CloudLab.Machine.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>
/// Random straight-line code executed here and by QEMU's user-mode emulator where it is installed: one static program,
/// at the same addresses, that runs case after case and leaves registers and memory of each in an area that is compared.
/// </summary>
public sealed class QemuSequenceTests
{
    private const string Emulator = "qemu-riscv64";
    private const ulong Image = TestHart.Code;
    private const ulong Input = TestHart.Ram + 0x40_0000;
    private const ulong Output = TestHart.Ram + 0x48_0000;
    private const ulong Scratch = TestHart.Ram + 0x50_0000;
    private const int Cases = 350;
    private const int RecordSize = 544;
    private const int ScratchSize = 8192;
    private const int OutputSize = (int)(Scratch - Output) + (Cases * ScratchSize);
    private const uint Fcsr = 3;

    // QEMU 7.2 counts on into the upper word when the lower one is zero; the specification says 32.
    private const uint Ctzw = 0x6010_101b;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Random_code_leaves_the_same_registers_and_memory(bool isFloat)
    {
        string? emulator = FindEmulator();
        Assert.SkipWhen(emulator is null, $"not run: no {Emulator} on PATH");

        var bodies = new List<uint[]>();
        byte[] program = Generate(isFloat, bodies);
        byte[] expected = await RunAsync(emulator!, program);
        byte[] actual = RunHere(program);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i += 8)
        {
            ulong theirs = BinaryPrimitives.ReadUInt64LittleEndian(expected.AsSpan(i));
            ulong ours = BinaryPrimitives.ReadUInt64LittleEndian(actual.AsSpan(i));
            if (theirs != ours) Assert.Fail($"{Describe(i, bodies)}: {ours:x16}, {Emulator} {theirs:x16}");
        }
    }

    private static string Describe(int offset, List<uint[]> bodies)
    {
        bool isMemory = offset >= (int)(Scratch - Output);
        int number = isMemory ? (offset - (int)(Scratch - Output)) / ScratchSize : offset / RecordSize;
        int word = offset % RecordSize / 8;
        string place = isMemory ? "memory" : word < 32 ? $"x{word}" : word < 64 ? $"f{word - 32}" : "fcsr";
        return $"{place} after {string.Join(' ', bodies[number].Select(i => i.ToString("x8", CultureInfo.InvariantCulture)))}";
    }

    /// <summary>A static ELF whose one segment holds code, inputs, and room for outputs.</summary>
    private static byte[] Generate(bool isFloat, List<uint[]> bodies)
    {
        Gen<uint> instruction = isFloat
            ? Gen.Frequency((5, InstructionGenerator.Float), (1, InstructionGenerator.Integer))
            : InstructionGenerator.WithMemory.Where(i => (i & 0xfff0_707f) != Ctzw);
        Gen<ulong> single = Gen.Frequency((1, EdgeValues.Any), (3, Gen.Float.Select(f => 0xffff_ffff_0000_0000 | BitConverter.SingleToUInt32Bits(f))));
        Gen<ulong> value = Gen.Frequency((2, single), (1, Gen.Double.Select(BitConverter.DoubleToUInt64Bits)), (1, Gen.Double[-1e6, 1e6].Select(BitConverter.DoubleToUInt64Bits)));
        var code = new List<uint>();
        byte[] input = new byte[Cases * RecordSize];
        Gen.Select(instruction.Array[1, 60], EdgeValues.Any.Array[32], value.Array[32]).Sample(
            (body, x, f) =>
            {
                int number = bodies.Count;
                bodies.Add(body);
                x[InstructionGenerator.Base] = Scratch + ((ulong)number * ScratchSize) + 4096;
                Span<byte> record = input.AsSpan(number * RecordSize);
                for (int i = 0; i < 32; i++)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(record[(8 * i)..], x[i]);
                    BinaryPrimitives.WriteUInt64LittleEndian(record[(256 + (8 * i))..], f[i]);
                }

                AddCase(code, number, body);
            },
            iter: Cases, threads: 1);
        code.AddRange([.. LoadAddress(S1, Output), .. LoadAddress(S2, (ulong)OutputSize)]);
        code.AddRange(
        [
            Li(A0, 1), Add(A1, S1, Zero), Add(A2, S2, Zero), Li(A7, 64), Ecall,
            B(5, Zero, A0, 16), Add(S1, S1, A0), R(0x20, 0, 0x33, S2, S2, A0), Bne(S2, Zero, -32),
            Li(A0, 0), Li(A7, 93), Ecall,
        ]);
        return Link([.. code], input);
    }

    private static void AddCase(List<uint> code, int number, uint[] body)
    {
        const uint Pointer = T6;
        code.AddRange(LoadAddress(Pointer, Input + ((ulong)number * RecordSize)));
        for (uint i = 0; i < 32; i++) code.Add(Fld(i, Pointer, 256 + (8 * (int)i)));
        code.Add(Csrw(Fcsr, Zero));
        for (uint i = 1; i < 31; i++) code.Add(Ld(i, Pointer, 8 * (int)i));
        code.Add(Ld(Pointer, Pointer, 8 * (int)Pointer));
        code.AddRange(body);

        // x1 makes room for the output's address by way of the case's own memory.
        code.Add(Sd(Ra, InstructionGenerator.Base, 0));
        code.AddRange(LoadAddress(Ra, Output + ((ulong)number * RecordSize)));
        for (uint i = 2; i < 32; i++) code.Add(Sd(i, Ra, 8 * (int)i));
        code.AddRange([Ld(Sp, InstructionGenerator.Base, 0), Sd(Sp, Ra, 8), Csrr(Sp, Fcsr), Sd(Sp, Ra, 512)]);
        for (uint i = 0; i < 32; i++) code.Add(Fsd(i, Ra, 256 + (8 * (int)i)));
    }

    private static byte[] Link(uint[] code, byte[] input)
    {
        const int HeaderSize = 120;
        byte[] image = new byte[(int)(Input - Image) + input.Length];
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(image);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(16), 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(18), 243); // EM_RISCV
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(24), Image + HeaderSize); // entry
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(32), 64); // program headers
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(48), 4); // EF_RISCV_FLOAT_ABI_DOUBLE
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(52), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(56), 1);
        Span<byte> segment = image.AsSpan(64);
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 7); // RWX
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], Image);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], Image);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)image.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], Output + OutputSize - Image);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
        Bytes(code).CopyTo(image, HeaderSize);
        input.CopyTo(image, (int)(Input - Image));
        return image;
    }

    private static byte[] RunHere(byte[] image)
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.Write(Image, image);
        hart.WriteCsr(Csr.Mtvec, TestHart.Ram);
        hart.Write(TestHart.Ram, Bytes(Jump(0)));
        hart.SetFloatState(1);
        hart.Pc = BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(24));
        hart.Vcpu.Run(10_000_000);
        // The first system call ends the run.
        Assert.Equal((ulong)ExceptionCode.EcallFromMachine, hart.ReadCsr(Csr.Mcause));
        Assert.Equal(3u, hart.FloatState);
        return hart.Read(Output, OutputSize);
    }

    private static string? FindEmulator() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, Emulator))
            .FirstOrDefault(File.Exists);

    private static async Task<byte[]> RunAsync(string emulator, byte[] program)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            await File.WriteAllBytesAsync(path, program, cancellationToken);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            using Process process = Process.Start(new ProcessStartInfo(emulator, [path]) { RedirectStandardOutput = true })!;
            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            Assert.Equal(0, process.ExitCode);
            return output.ToArray();
        }
        finally
        {
            File.Delete(path);
        }
    }
}
