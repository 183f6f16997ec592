using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane;
using CloudLab.Server.Tests.Harness;
using CloudLab.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Problems;

/// <summary>A database that is away: clients are told to come back, guests go through it.</summary>
public sealed class OutageTests(SharedPostgres postgres)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_that_is_away_for_three_leases_costs_no_guest_its_memory_and_clients_are_told_to_come_back()
    {
        await using var line = new SeveredLine(await postgres.CreateDatabaseAsync(Cancel));
        await using TestServer server = await TestServer.StartAsync(
            EchoGuest.Kernel,
            options => options with { PostgresConnectionString = line.ConnectionString },
            services => services.AddSingleton(new ControlPlaneOptions { LeaseDuration = Lease, StopTimeout = TimeSpan.FromMilliseconds(200) }));
        await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        string id = await server.Admin.RunInstanceAsync();
        JsonObject before = await server.Admin.GetAsync($"/v1/instances/{id}", HttpStatusCode.OK);
        using ConsoleClient console = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(server, id), server.Runner.Token.Secret);
        await console.ExpectAsync("OK\n");
        await console.TypeAsync("before");
        await console.ExpectAsync("before");

        await line.CutAsync();
        long cut = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        do
        {
            await AssertAwayAsync(await server.Admin.GetAsync(new Uri("/v1/instances", UriKind.Relative), Cancel));
            using StringContent body = Http.Json("""{"imageId":"cloudlab-linux","instanceType":"standard.small"}""");
            await AssertAwayAsync(await server.Admin.PostAsync(new Uri("/v1/instances", UriKind.Relative), body, Cancel));
            await server.Anonymous.GetAsync("/healthz", HttpStatusCode.OK);
            await timer.WaitForNextTickAsync(Cancel);
        }
        while (Stopwatch.GetElapsedTime(cut) < 3 * Lease);

        line.Mend();
        await server.Admin.PollAsync($"/v1/instances/{id}", answer => (string?)answer["state"] == "running");
        // The program in the guest's memory goes on where it was, on the console that was open all the time.
        await console.TypeAsync("after");
        await console.ExpectAsync("after");
        Assert.Equal("OK\nbeforeafter", await server.Admin.GetStringAsync(new Uri($"/v1/instances/{id}/console", UriKind.Relative), Cancel));
        JsonObject after = await server.Admin.GetAsync($"/v1/instances/{id}", HttpStatusCode.OK);
        Assert.Equal((string)before["launchedAt"]!, (string)after["launchedAt"]!);
        Assert.Equal((string)before["stateChangedAt"]!, (string)after["stateChangedAt"]!);
        await server.Admin.TerminateAsync(id);
    }

    private static async Task AssertAwayAsync(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.Equal("database-unavailable", await response.ReadProblemAsync());
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.NotNull(response.Headers.RetryAfter?.Delta);
        }
    }
}
