using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CloudLab.Benchmarks;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Testing;

// boot [ROUNDS]          boots to the prompt, ROUNDS times (default 5), interleaved with QEMU where it is installed
// idle [COUNT]           what COUNT (default 20) idle guests cost, and how soon one answers a key
// speed [ROUNDS]         integer loops, ROUNDS times (default 5), interleaved with QEMU where it is installed
// switches [ROUNDS]      what a Linux guest's context switches and new processes cost, ROUNDS times (default 5)
// api-beside-busy        how soon the API answers while a guest of 8 vCPUs is busy; starts a server of its own
// exits                  what counting an exit costs, beside the exit and over a boot
// start [COUNT]          from creating a machine to its first instructions, COUNT times (default 500)
// footprint [COUNT] [S]  memory beside the RAM of COUNT (default 8) guests after S (default 60) seconds of idleness
// shares                 what busy machines of different weights and caps get, beside what they should
// control-plane [COUNT]  what requests cost with COUNT (default 100000) stopped instances, on SQLite and PostgreSQL
// s3 [SECONDS]           reads and writes of the S3 service beside nginx, the disk and MD5, SECONDS (default 10) each
// verifications          what it costs to verify a token or an access key, on SQLite and PostgreSQL
// blobs [KEYS [DIRECTORY]]  the object store's engine beside its disk and one core; lists KEYS (default 1000000)
// boot-once DIRECTORY    one boot in this process; prints the sample as JSON
string verb = args.FirstOrDefault() ?? "";
switch (verb)
{
    case "boot-once" when args.Length == 2:
        Console.WriteLine(JsonSerializer.Serialize(await CloudLabBoot.RunAsync(args[1], GuestImageBuilder.CommandLine)));
        return 0;
    case "boot":
        await CompareAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5);
        return 0;
    case "control-plane":
        await ControlPlaneLoad.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 100_000);
        return 0;
    case ControlPlaneServer.Verb when args.Length == 3:
        await ControlPlaneServer.RunAsync(args[1], args[2]);
        return 0;
    case "blobs":
        await ObjectStoreRates.RunAsync(args.ElementAtOrDefault(2), int.Parse(args.ElementAtOrDefault(1) ?? "1000000", CultureInfo.InvariantCulture));
        return 0;
    case ObjectStoreRates.FillVerb when args.Length == 3:
        await ObjectStoreRates.FillAsync(args[1], int.Parse(args[2], CultureInfo.InvariantCulture));
        return 0;
    case ReopenedStore.Verb when args.Length == 2:
        await ReopenedStore.RunAsync(args[1]);
        return 0;
    case "shares":
        await Shares.RunAsync();
        return 0;
    case "s3":
        await S3Load.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10);
        return 0;
    case "verifications":
        await Verifications.RunAsync();
        return 0;
    case "api-beside-busy":
        await ApiBesideBusyGuest.RunAsync(await TestGuestImage.GetAsync(CancellationToken.None));
        return 0;
    case "speed":
        await Speed.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5);
        return 0;
    case "switches":
        await ContextSwitches.RunAsync(
            await TestGuestImage.GetAsync(CancellationToken.None),
            args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5);
        return 0;
    case "exits":
        await ExitCost.RunAsync(await TestGuestImage.GetAsync(CancellationToken.None));
        return 0;
    case "start":
        await StartTime.RunAsync(
            await TestGuestImage.GetAsync(CancellationToken.None),
            args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 500);
        return 0;
    case "footprint":
        await Footprint.RunAsync(
            await TestGuestImage.GetAsync(CancellationToken.None),
            args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 8,
            TimeSpan.FromSeconds(args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 60));
        return 0;
    case "idle":
        await IdleGuests.RunAsync(
            await TestGuestImage.GetAsync(CancellationToken.None),
            args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 20);
        return 0;
    default:
        Console.Error.WriteLine("usage: CloudLab.Benchmarks boot [ROUNDS] | speed [ROUNDS] | idle [COUNT] | shares | switches [ROUNDS] | api-beside-busy | exits | start [COUNT] | footprint [COUNT] [SECONDS] | control-plane [COUNT] | verifications | s3 [SECONDS] | blobs [KEYS [DIRECTORY]]");
        return 2;
}

static async Task CompareAsync(int rounds)
{
    string directory = (await TestGuestImage.GetAsync(CancellationToken.None)).Directory;
    var ours = new List<BootSample>();
    var qemu = new List<BootSample>();
    for (int i = 0; i < rounds; i++)
    {
        ours.Add(await RunChildAsync(directory));
        if (QemuBoot.IsInstalled) qemu.Add(await QemuBoot.RunAsync(directory, GuestImageBuilder.CommandLine));
    }

    Report("CloudLab", ours);
    if (qemu.Count == 0)
    {
        Console.WriteLine("qemu-system-riscv64 is not installed: no peer in this run");
        return;
    }

    Report("QEMU TCG", qemu);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"ratio of CPU seconds, QEMU / CloudLab: {Median(qemu, s => s.CpuSeconds) / Median(ours, s => s.CpuSeconds):f2}"));
}

static async Task<BootSample> RunChildAsync(string directory)
{
    var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
    if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(CloudLabBoot).Assembly.Location);
    start.ArgumentList.Add("boot-once");
    start.ArgumentList.Add(directory);
    using Process process = Process.Start(start)!;
    string output = await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();
    return JsonSerializer.Deserialize<BootSample>(output)!;
}

static void Report(string name, List<BootSample> samples)
{
    double instructions = Median(samples, s => s.Instructions);
    double vcpu = Median(samples, s => s.VcpuSeconds);
    string detail = instructions == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture, $", {instructions / 1e6:f0} M instructions, {instructions / vcpu / 1e6:f0} MIPS");
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name}: {Median(samples, s => s.CpuSeconds):f2} CPU-s (range {samples.Min(s => s.CpuSeconds):f2}-{samples.Max(s => s.CpuSeconds):f2}), {Median(samples, s => s.WallSeconds):f2} s wall{detail}; median of {samples.Count}"));
}

static double Median(List<BootSample> samples, Func<BootSample, double> value) => Statistics.Median(samples.Select(value));
