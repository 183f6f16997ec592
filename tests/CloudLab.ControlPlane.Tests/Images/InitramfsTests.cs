using System.Text;
using CloudLab.ControlPlane.Images.Building;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class InitramfsTests
{
    private const string Applets = "[\0[[\0acpid\0busybox\0init\0insmod\0mount\0poweroff\0reboot\0sh\0sleep\0\0";

    [Fact]
    public void Applets_are_read_from_the_binary()
    {
        var names = BusyboxApplets.Read(Encoding.ASCII.GetBytes("\u007fELF…\0" + Applets + "other"));
        Assert.Equal(["[", "[[", "acpid", "init", "insmod", "mount", "poweroff", "reboot", "sh", "sleep"], names);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[\0[[\0")]
    [InlineData("[\0[[\0acpid\0cat")]
    [InlineData("[\0[[\0../../etc/x\0\0")]
    public void A_busybox_without_what_init_needs_is_refused(string binary) =>
        Assert.Throws<InvalidDataException>(() => BusyboxApplets.Read(Encoding.ASCII.GetBytes(binary)));

    [Fact]
    public void An_initramfs_has_init_a_console_and_every_module()
    {
        var modules = Initramfs.Modules.ToDictionary(name => name, name => Encoding.ASCII.GetBytes(name));
        var entries = CpioArchiveTests.Parse(Initramfs.Compose(Encoding.ASCII.GetBytes(Applets), modules))
            .ToDictionary(e => e.Name);
        Assert.Equal("bin/busybox", Encoding.ASCII.GetString(entries["init"].Content));
        Assert.Equal((5u, 1u), (entries["dev/console"].Major, entries["dev/console"].Minor));
        Assert.All(Initramfs.Modules, name => Assert.Equal(modules[name], entries[$"lib/modules/{name}.ko"].Content));
        // Every file's directory is an entry of its own: the kernel makes none.
        Assert.All(entries.Keys.Where(k => k.Contains('/', StringComparison.Ordinal)), path =>
            Assert.True(entries[path[..path.LastIndexOf('/')]].Mode >> 12 is 4 or 0xA, path));
    }

    [Fact]
    public void Modules_are_loaded_by_the_guest_s_script_and_by_no_other_name()
    {
        var modules = Initramfs.Modules.ToDictionary(name => name, _ => new byte[1]);
        var entries = CpioArchiveTests.Parse(Initramfs.Compose(Encoding.ASCII.GetBytes(Applets), modules));
        var script = Encoding.UTF8.GetString(entries.Single(e => e.Name == "etc/cloudlab/modules").Content);
        var loaded = script.Split('\n').Where(l => l.StartsWith("for module in ", StringComparison.Ordinal))
            .SelectMany(l => l["for module in ".Length..^"; do".Length].Split(' '));
        Assert.Equal(Initramfs.Modules.Order(StringComparer.Ordinal), loaded.Order(StringComparer.Ordinal));
    }
}
