using System.Buffers.Binary;
using System.Diagnostics;
using CloudLab.Machine.Rv64.FloatingPoint;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>The same computations executed by QEMU's user-mode emulator, where it is installed.</summary>
public sealed class QemuOracleTests
{
    private const string Emulator = "qemu-riscv64";
    private const int Records = 20_000;

    public static TheoryData<string> Names => FloatOperationTests.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Result_and_flags_are_those_of_qemu(string name)
    {
        string? emulator = FindEmulator();
        Assert.SkipWhen(emulator is null, $"not run: no {Emulator} on PATH");

        FloatOperation operation = FloatOperation.Named(name);
        var cases = new List<OperandSet>(Records);
        operation.Operands.Sample(cases.Add, iter: Records, threads: 1);
        byte[] answers = await RunAsync(emulator!, FloatGuest.Assemble(operation, cases.Count), Encode(operation, cases));

        Assert.Equal(cases.Count * FloatGuest.RecordSize, answers.Length);
        for (int i = 0; i < cases.Count; i++)
        {
            ReadOnlySpan<byte> answer = answers.AsSpan(i * FloatGuest.RecordSize);
            ulong expected = BinaryPrimitives.ReadUInt64LittleEndian(answer);
            ulong expectedFlags = BinaryPrimitives.ReadUInt64LittleEndian(answer[8..]);
            (ulong result, uint flags) = FloatOperation.Apply(operation.Run, cases[i], 0);
            if (operation.Result == ValueKind.Single) result = NanBox.Box((uint)result);
            Assert.True(
                result == expected && flags == expectedFlags,
                $"{name} {cases[i]}: {result:x16} flags {flags:x2}, {Emulator} {expected:x16} flags {expectedFlags:x2}");
        }
    }

    private static string? FindEmulator() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, Emulator))
            .FirstOrDefault(File.Exists);

    private static byte[] Encode(FloatOperation operation, List<OperandSet> cases)
    {
        byte[] input = new byte[cases.Count * FloatGuest.RecordSize];
        ulong box = operation.Operand == ValueKind.Single ? NanBox.Box(0) : 0;
        for (int i = 0; i < cases.Count; i++)
        {
            Span<byte> record = input.AsSpan(i * FloatGuest.RecordSize);
            BinaryPrimitives.WriteUInt64LittleEndian(record, cases[i].A | box);
            BinaryPrimitives.WriteUInt64LittleEndian(record[8..], cases[i].B | box);
            BinaryPrimitives.WriteUInt64LittleEndian(record[16..], cases[i].C | box);
            BinaryPrimitives.WriteUInt64LittleEndian(record[24..], (ulong)cases[i].Mode);
        }

        return input;
    }

    private static async Task<byte[]> RunAsync(string emulator, byte[] program, byte[] input)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            await File.WriteAllBytesAsync(path, program, cancellationToken);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var start = new ProcessStartInfo(emulator, [path]) { RedirectStandardInput = true, RedirectStandardOutput = true };
            using Process process = Process.Start(start)!;

            // The guest answers only after the end of its input, so that neither side can wait for the other.
            await process.StandardInput.BaseStream.WriteAsync(input, cancellationToken);
            process.StandardInput.Close();
            using var output = new MemoryStream(input.Length);
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
