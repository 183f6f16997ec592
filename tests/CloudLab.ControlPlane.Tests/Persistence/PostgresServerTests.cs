using CloudLab.Testing;
using Npgsql;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Persistence;

public sealed class PostgresServerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_is_found_and_each_database_is_its_own()
    {
        await using var server = await PostgresServer.StartAsync(Token);
        Assert.True(int.Parse(server.Version.Split('.', ' ')[0], System.Globalization.CultureInfo.InvariantCulture) >= 13, server.Version);

        await using var one = new NpgsqlConnection(await server.CreateDatabaseAsync(Token));
        await using var other = new NpgsqlConnection(await server.CreateDatabaseAsync(Token));
        await one.OpenAsync(Token);
        await other.OpenAsync(Token);
        await new NpgsqlCommand("create table t(x int); insert into t values (7)", one).ExecuteNonQueryAsync(Token);
        Assert.Equal(7, await new NpgsqlCommand("select x from t", one).ExecuteScalarAsync(Token));
        Assert.Equal(false, await new NpgsqlCommand("select to_regclass('t') is not null", other).ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task Nothing_is_left_when_the_tests_are_over()
    {
        var server = await PostgresServer.StartAsync(Token);
        var left = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync(Token)) { Timeout = 5 };
        await server.DisposeAsync();

        await using var connection = new NpgsqlConnection(left.ConnectionString);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => connection.OpenAsync(Token));
        // A cluster of ours lives where its socket is.
        Assert.False(left.Host!.StartsWith('/') && left.Host.Contains("cloudlab-pg-", StringComparison.Ordinal) && Directory.Exists(left.Host));
    }

    /// <summary>What a machine without PostgreSQL falls back to; some tens of megabytes are fetched once and kept.</summary>
    [Fact]
    public async Task Debian_s_packages_give_a_server()
    {
        Assert.SkipUnless(File.Exists("/etc/debian_version"), "not run: this host is not Debian");
        await using var server = await PostgresServer.StartAsync(PostgresCandidate.FromPackages, Token);
        Assert.NotEmpty(await server.CreateDatabaseAsync(Token));
    }

    [Fact]
    public void Only_PostgreSQL_is_taken_out_of_a_dpkg_status()
    {
        const string Status = "Package: libc6\nStatus: install ok installed\n\nPackage: postgresql-15\nVersion: 15\n\nPackage: zlib1g\n";
        Assert.Equal("Package: libc6\nStatus: install ok installed\n\nPackage: zlib1g\n\n\n", PostgresBinaries.WithoutPostgres(Status));
    }
}
