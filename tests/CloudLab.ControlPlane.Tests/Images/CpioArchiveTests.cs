using System.Globalization;
using System.Text;
using CloudLab.ControlPlane.Images.Building;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class CpioArchiveTests
{
    [Fact]
    public void Whatever_goes_in_comes_out_sorted_and_aligned()
    {
        var names = Gen.Char["abcdefghij0123456789-._"].Array[1, 20].Select(c => new string(c));
        Gen.Dictionary(names, Gen.Byte.Array[0, 300])[0, 20].Sample(files =>
        {
            var archive = new CpioArchive();
            foreach (var (name, content) in files)
                archive.AddFile(name, content);

            var entries = Parse(archive.ToArray());
            Assert.Equal(files.Keys.Order(StringComparer.Ordinal), entries.Select(e => e.Name));
            foreach (var entry in entries)
                Assert.Equal(files[entry.Name], entry.Content);
        });
    }

    [Fact]
    public void A_directory_comes_before_what_it_contains()
    {
        var archive = new CpioArchive();
        archive.AddFile("etc/a", "x"u8.ToArray());
        archive.AddDirectory("etc");
        archive.AddDirectory("etc-b");

        Assert.Equal(["etc", "etc-b", "etc/a"], Parse(archive.ToArray()).Select(e => e.Name));
    }

    [Fact]
    public void Modes_links_and_devices_are_those_of_the_kernel_s_headers()
    {
        var archive = new CpioArchive();
        archive.AddCharacterDevice("console", 5, 1, 0b110_000_000);
        archive.AddDirectory("d");
        archive.AddExecutable("init", "#!"u8.ToArray());
        archive.AddLink("sh", "busybox");

        var entries = Parse(archive.ToArray());
        Assert.Equal(["20600", "40755", "100755", "120777"], entries.Select(e => Convert.ToString(e.Mode, 8)));
        Assert.Equal((5u, 1u), (entries[0].Major, entries[0].Minor));
        Assert.Equal("busybox", Encoding.UTF8.GetString(entries[3].Content));
    }

    [Fact]
    public void The_order_of_adding_does_not_change_a_byte()
    {
        var one = new CpioArchive();
        one.AddFile("a", "1"u8.ToArray());
        one.AddFile("b", "2"u8.ToArray());
        var other = new CpioArchive();
        other.AddFile("b", "2"u8.ToArray());
        other.AddFile("a", "1"u8.ToArray());

        Assert.Equal(one.ToArray(), other.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc")]
    [InlineData("a\0b")]
    public void A_name_the_kernel_would_misread_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => new CpioArchive().AddDirectory(name));

    /// <summary>A reader of its own, from the kernel's description of the format.</summary>
    internal static List<(string Name, int Mode, uint Major, uint Minor, byte[] Content)> Parse(byte[] archive)
    {
        var entries = new List<(string, int, uint, uint, byte[])>();
        for (var at = 0; ;)
        {
            Assert.Equal(0, at % 4);
            Assert.Equal("070701", Encoding.ASCII.GetString(archive, at, 6));
            var fields = new uint[13];
            for (var i = 0; i < fields.Length; i++)
            {
                fields[i] = uint.Parse(
                    Encoding.ASCII.GetString(archive, at + 6 + (i * 8), 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }

            var name = Encoding.UTF8.GetString(archive, at + 110, (int)fields[11] - 1);
            Assert.Equal(0, archive[at + 110 + (int)fields[11] - 1]);
            at = Align(at + 110 + (int)fields[11]);
            if (name == "TRAILER!!!")
            {
                Assert.Equal(archive.Length, at);
                return entries;
            }

            entries.Add((name, (int)fields[1], fields[9], fields[10], archive[at..(at + (int)fields[6])]));
            at = Align(at + (int)fields[6]);
        }
    }

    private static int Align(int at) => (at + 3) & ~3;
}
