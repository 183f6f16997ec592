using System.Runtime.Versioning;
using System.Security.Cryptography;
using CloudLab.ControlPlane.Identity;
using CloudLab.Testing;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Identity;

public sealed class MasterKeyTests
{
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_key_is_made_once_for_its_owner_only_also_by_many_at_once()
    {
        using var directory = new TempDirectory();
        string file = Path.Combine(directory.Path, "keys", "master.key");
        byte[][] derived = [.. Enumerable.Range(0, 16).AsParallel().WithDegreeOfParallelism(16).Select(_ => MasterKey.LoadOrCreate(file).Derive("test"))];

        Assert.All(derived, key => Assert.Equal(derived[0], key));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
        }

        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public void Each_purpose_has_a_key_of_its_own()
    {
        using var directory = new TempDirectory();
        MasterKey key = MasterKey.LoadOrCreate(Path.Combine(directory.Path, "master.key"));
        Assert.Equal(32, key.Derive("one").Length);
        Assert.NotEqual(key.Derive("one"), key.Derive("two"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("abcd")]
    [InlineData("zz00000000000000000000000000000000000000000000000000000000000000")]
    public void A_file_that_holds_no_key_is_refused(string text)
    {
        using var directory = new TempDirectory();
        string file = Path.Combine(directory.Path, "master.key");
        File.WriteAllText(file, text);
        Assert.Throws<InvalidDataException>(() => MasterKey.LoadOrCreate(file));
    }

    [Fact]
    public void A_sealed_secret_opens_as_it_was_and_no_changed_bit_of_it_does()
    {
        var seal = new SecretSeal(RandomNumberGenerator.GetBytes(32));
        Gen.Select(Gen.String[0, 64], Gen.Int[0, 10_000]).Sample((secret, flip) =>
        {
            // The generator makes unpaired surrogates, which are no text.
            if (secret.Any(char.IsSurrogate)) return;
            byte[] box = seal.Seal(secret, "row");
            Assert.Equal(secret, seal.Open(box, "row"));
            Assert.ThrowsAny<CryptographicException>(() => seal.Open(box, "another"));
            int bit = flip % (box.Length * 8);
            box[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.ThrowsAny<CryptographicException>(() => seal.Open(box, "row"));
            Assert.ThrowsAny<CryptographicException>(() => seal.Open(box.AsSpan(0, bit / 8), "row"));
        });
    }
}
