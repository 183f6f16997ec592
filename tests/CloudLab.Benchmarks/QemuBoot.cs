using System.Diagnostics;

namespace CloudLab.Benchmarks;

/// <summary>Boots the same kernel and initramfs in <c>qemu-system-riscv64</c> (TCG), where it is installed.</summary>
internal static class QemuBoot
{
    private const string Program = "qemu-system-riscv64";

    public static bool IsInstalled => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(directory => File.Exists(Path.Combine(directory, Program)));

    public static async Task<BootSample> RunAsync(string directory, string commandLine)
    {
        var start = new ProcessStartInfo(Program)
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            ArgumentList =
            {
                "-M", "virt", "-m", "256", "-nographic", "-no-reboot",
                "-kernel", Path.Combine(directory, "kernel"),
                "-initrd", Path.Combine(directory, "initramfs.cpio"),
                "-append", commandLine,
            },
        };
        var clock = Stopwatch.StartNew();
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{Program} did not start");
        try
        {
            await ReadToPromptAsync(process.StandardOutput.BaseStream).WaitAsync(TimeSpan.FromMinutes(2));
            process.Refresh();
            return new BootSample(clock.Elapsed.TotalSeconds, process.TotalProcessorTime.TotalSeconds, 0, 0);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static async Task ReadToPromptAsync(Stream output)
    {
        byte[] prompt = "/ # "u8.ToArray();
        byte[] all = new byte[1 << 20];
        int length = 0;
        while (all.AsSpan(0, length).IndexOf(prompt) < 0)
        {
            int read = await output.ReadAsync(all.AsMemory(length));
            if (read == 0) throw new EndOfStreamException($"{Program} ended before the prompt");
            length += read;
        }
    }
}
