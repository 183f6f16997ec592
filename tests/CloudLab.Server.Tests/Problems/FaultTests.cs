using CloudLab.ControlPlane.Persistence;
using CloudLab.Storage.Files;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace CloudLab.Server.Tests.Problems;

/// <summary>Which failures are the host's and pass.</summary>
public sealed class FaultTests
{
    [Theory]
    [InlineData(5, true)] // busy
    [InlineData(10, true)] // I/O error
    [InlineData(13, true)] // full
    [InlineData(14, true)] // cannot be opened
    [InlineData(1, false)] // an error in the statement
    [InlineData(19, false)] // a constraint
    public void Of_SQLite_what_passes_is_an_outage(int code, bool isAway)
    {
        Assert.Equal(isAway, DatabaseFaults.IsAway(new SqliteException("…", code)));
        Assert.Equal(isAway, DatabaseFaults.IsAway(new DbUpdateException("…", new SqliteException("…", code))));
    }

    [Theory]
    [InlineData("57P01", true)] // shut down
    [InlineData("57P03", true)] // starting up
    [InlineData("53100", true)] // disk full
    [InlineData("23505", false)] // not unique
    [InlineData("42601", false)] // an error in the statement
    public void Of_PostgreSQL_what_passes_is_an_outage(string state, bool isAway) =>
        Assert.Equal(isAway, DatabaseFaults.IsAway(new DbUpdateException("…", new PostgresException("…", "FATAL", "FATAL", state))));

    [Fact]
    public async Task A_file_that_does_not_fit_says_that_the_disk_is_full()
    {
        await using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write);
        IOException thrown = await Assert.ThrowsAsync<IOException>(async () =>
        {
            await full.WriteAsync(new byte[1 << 16], TestContext.Current.CancellationToken);
            await full.FlushAsync(TestContext.Current.CancellationToken);
        });
        Assert.True(DiskFaults.IsFull(new InvalidOperationException("…", thrown)));
        Assert.False(DiskFaults.IsFull(new IOException("something else")));
    }
}
