using System.Text;
using System.Text.Json.Nodes;
using CloudLab.Guest.Tests.Harness;
using CloudLab.Testing;

namespace CloudLab.Guest.Tests.Server;

/// <summary>What an instance is given beside its size, as its guest finds it.</summary>
public sealed class InstanceEquipmentTests(BootImage image, SqliteServer server) : IClassFixture<SqliteServer>
{
    private const string Script =
        """
        #!/bin/sh
        echo "user data ran as $(id -u) in $(pwd) on $(tr -d '\0' </proc/device-tree/chosen/cloudlab,instance-id)"
        sleep 1000000
        """;

    [Fact]
    public async Task User_data_that_is_a_script_runs_at_boot_and_its_output_is_on_the_console()
    {
        CloudInstance instance = await server.Client.CreateAsync(
            "standard.medium", new JsonObject { ["userData"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(Script)) });
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.WaitForAsync($"user data ran as 0 in / on {instance.Id}\r\n");
        await console.Shell.TypeAsync("\n");
        await console.Shell.PromptAsync();
        // Asked to go down, it goes, whatever its creator's script still does; its next boot is a first one again.
        await instance.AskAsync("reboot");
        await console.Shell.WaitForAsync("The system is going down NOW!");
        await console.Shell.WaitForAsync($"user data ran as 0 in / on {instance.Id}\r\n");
        await instance.TerminateAsync();
    }

    [Fact]
    public async Task User_data_that_is_no_script_is_there_whole_and_does_not_run()
    {
        byte[] data = [.. Enumerable.Range(0, 16 << 10).Select(i => (byte)(i * 7))];
        CloudInstance instance = await server.Client.CreateAsync(
            "standard.medium", new JsonObject { ["userData"] = Convert.ToBase64String(data) });
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        string sum = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(data));
        Assert.Equal($"{sum}  -", await console.Shell.RunAsync("sha256sum </proc/device-tree/chosen/cloudlab,user-data"));
        await instance.TerminateAsync();
    }

    [Fact]
    public async Task A_scratch_disk_keeps_a_file_through_a_reboot_and_is_empty_after_a_stop()
    {
        var disks = new JsonArray(new JsonObject { ["sizeBytes"] = 64 << 20 }, new JsonObject { ["sizeBytes"] = 1L << 30 });
        CloudInstance instance = await server.Client.CreateAsync("standard.medium", new JsonObject { ["scratchDisks"] = disks });
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        await console.Shell.RunAsync("until [ -b /dev/vdb ]; do usleep 20000; done");
        Assert.Equal("67108864", await console.Shell.RunAsync("blockdev --getsize64 /dev/vda"));
        Assert.Equal("1073741824", await console.Shell.RunAsync("blockdev --getsize64 /dev/vdb"));
        await console.Shell.RunAsync("until grep -q ext4 /proc/filesystems; do usleep 20000; done");
        await console.Shell.RunAsync("mke2fs /dev/vda >/dev/null && mount -t ext4 /dev/vda /mnt && echo kept >/mnt/file && umount /mnt");

        await instance.AskAsync("reboot?hard=true");
        await BootedAsync(console);
        await console.Shell.RunAsync("until grep -q ext4 /proc/filesystems; do usleep 20000; done");
        Assert.Equal("kept", await console.Shell.RunAsync("mount -t ext4 /dev/vda /mnt && cat /mnt/file && umount /mnt"));
        await instance.AskAsync("reboot");
        await BootedAsync(console);
        await console.Shell.RunAsync("until grep -q ext4 /proc/filesystems; do usleep 20000; done");
        Assert.Equal("kept", await console.Shell.RunAsync("mount -t ext4 /dev/vda /mnt && cat /mnt/file && umount /mnt"));

        await instance.AskAsync("stop?force=true");
        await instance.StateAsync("stopped");
        await instance.AskAsync("start");
        await BootedAsync(console);
        await console.Shell.RunAsync("until [ -b /dev/vda ]; do usleep 20000; done");
        Assert.Equal("0", await console.Shell.RunAsync("tr -d '\\0' </dev/vda | wc -c"));
        await instance.TerminateAsync();
    }

    [Fact]
    public async Task After_kill_9_of_the_server_the_console_is_kept_and_no_scratch_disk_is_left()
    {
        using var data = new TempDirectory();
        await image.ImportAsync(data.Path);
        string scratch = data["scratch"];
        CloudInstance running;
        CloudInstance stopped;
        await using (ServerProcess first = await ServerProcess.StartAsync(data.Path))
        {
            var disks = new JsonArray(new JsonObject { ["sizeBytes"] = 1 << 20 });
            running = await BootAsync(first.Client, new JsonObject { ["scratchDisks"] = disks });
            stopped = await BootAsync(first.Client, new JsonObject { ["scratchDisks"] = disks.DeepClone() });
            Assert.Equal(2, Directory.GetFiles(scratch).Length);
            await stopped.AskAsync("stop?force=true");
            await stopped.StateAsync("stopped");
            await first.KillAsync();
        }

        await using ServerProcess second = await ServerProcess.StartAsync(data.Path);
        Assert.Contains("/ # ", await stopped.At(second.Client).ConsoleAsync(), StringComparison.Ordinal);
        CloudInstance back = running.At(second.Client);
        await back.StateAsync("running");
        await back.TerminateAsync();
        await back.UntilAsync(_ => Directory.GetFiles(scratch).Length == 0);
    }

    private static async Task<CloudInstance> BootAsync(CloudClient client, JsonObject request)
    {
        CloudInstance instance = await client.CreateAsync("highcpu.medium", request);
        await instance.ConsoleAsync(text => text.Contains("/ # ", StringComparison.Ordinal));
        return instance;
    }

    private static async Task BootedAsync(CloudConsole console)
    {
        await console.Shell.WaitForAsync("built-in shell");
        await console.Shell.PromptAsync();
    }
}
