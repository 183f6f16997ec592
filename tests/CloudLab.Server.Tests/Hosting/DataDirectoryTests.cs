using System.Globalization;
using CloudLab.Server.Hosting;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Hosting;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class DataDirectoryTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public void A_new_directory_is_its_owners_alone()
    {
        using var parent = new TemporaryDirectory();
        using DataDirectory directory = DataDirectory.Open(parent["a/b"]);

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(directory.Path));
    }

    [Fact]
    public void A_second_server_is_refused_by_the_name_of_the_first()
    {
        using var parent = new TemporaryDirectory();
        using (DataDirectory.Open(parent["data"]))
        {
            var refusal = Assert.Throws<StartupException>(() => DataDirectory.Open(parent["data"]));
            Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), refusal.Message, StringComparison.Ordinal);
            Assert.Contains("--data-dir", refusal.Message, StringComparison.Ordinal);
        }

        DataDirectory.Open(parent["data"]).Dispose();
    }

    [Fact]
    public void A_place_that_is_no_directory_is_refused()
    {
        using var parent = new TemporaryDirectory();
        File.WriteAllText(parent["file"], "");

        Assert.Contains("--data-dir", Assert.Throws<StartupException>(() => DataDirectory.Open(parent["file"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_administrators_token_is_made_once_and_can_be_read_by_its_owner_only()
    {
        using var parent = new TemporaryDirectory();
        using DataDirectory directory = DataDirectory.Open(parent["data"]);
        var options = new ServerOptions { DataDirectory = directory.Path };

        AdminToken first = AdminToken.LoadOrCreate(options, directory);
        AdminToken second = AdminToken.LoadOrCreate(options, directory);

        Assert.True(first.IsNew);
        Assert.Equal(first with { IsNew = false }, second);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(directory.AdminTokenFile));
        Assert.Equal(first.Secret + Environment.NewLine, File.ReadAllText(directory.AdminTokenFile));
    }

    [Fact]
    public void A_token_file_without_a_good_token_is_refused()
    {
        using var parent = new TemporaryDirectory();
        using DataDirectory directory = DataDirectory.Open(parent["data"]);
        File.WriteAllText(directory.AdminTokenFile, "secret");

        var refusal = Assert.Throws<StartupException>(() =>
            AdminToken.LoadOrCreate(new ServerOptions { DataDirectory = directory.Path }, directory));
        Assert.DoesNotContain("secret", refusal.Message.Replace(parent.Path, "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
