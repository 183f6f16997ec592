using CloudLab.Server.Tests.Harness;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Attacks;

/// <summary>Clients that hold on to connections. The limits are the server's own, shortened.</summary>
public sealed class ConnectionAttackTests
{
    private const int MaxConnections = 40;

    // A little above the second in which Kestrel looks at its connections.
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1100);

    [Fact]
    public async Task Headers_that_do_not_end_are_given_up_on()
    {
        await using TestServer server = await StartAsync(limits => limits.RequestHeadersTimeout = Short);
        using RawConnection slow = await RawConnection.OpenAsync(server.Url);
        await slow.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: ");
        Task<RawResponse?> end = slow.ReadAsync();
        await server.Anonymous.GetAsync("/healthz", System.Net.HttpStatusCode.OK);

        Assert.Equal(408, (await end)?.Status);
        await slow.ReadToCloseAsync();
    }

    [Fact]
    public async Task A_body_that_trickles_in_is_given_up_on()
    {
        await using TestServer server = await StartAsync(limits => limits.MinRequestBodyDataRate = new MinDataRate(240, Short));
        using RawConnection slow = await RawConnection.OpenAsync(server.Url);
        await slow.SendAsync(
            $"POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Runner.Token.Secret}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
        Task<RawResponse?> end = slow.ReadAsync();
        await server.Admin.GetAsync("/v1/me", System.Net.HttpStatusCode.OK);

        RawResponse? answer = await end;
        Assert.Equal(408, answer?.Status);
        Assert.Contains("request-timeout", answer!.Text, StringComparison.Ordinal);
        await slow.ReadToCloseAsync();
    }

    [Fact]
    public async Task A_connection_that_asks_nothing_is_given_up_on()
    {
        await using TestServer server = await StartAsync(limits => limits.KeepAliveTimeout = Short);
        using RawConnection idle = await RawConnection.OpenAsync(server.Url);

        await idle.ReadToCloseAsync();

        Assert.True(idle.IsClosed);
    }

    [Fact]
    public async Task Connections_above_the_limit_are_closed_while_those_that_are_there_are_served()
    {
        await using TestServer server = await StartAsync(limits => limits.MaxConcurrentConnections = MaxConnections);
        await server.Admin.GetAsync("/v1/me", System.Net.HttpStatusCode.OK);
        var idle = new List<RawConnection>();
        try
        {
            // One of them is the client's from above, which is kept.
            for (int i = 1; i < MaxConnections; i++) idle.Add(await RawConnection.OpenAsync(server.Url));
            await AskAsync(idle[^1]);
            using RawConnection refused = await RawConnection.OpenAsync(server.Url);
            await refused.ReadToCloseAsync();

            await server.Admin.GetAsync("/v1/me", System.Net.HttpStatusCode.OK);
            await AskAsync(idle[0]);
        }
        finally
        {
            foreach (RawConnection connection in idle) connection.Dispose();
        }

        // Their places are free again, as soon as the server has seen that they are gone.
        while (true)
        {
            using RawConnection later = await RawConnection.OpenAsync(server.Url);
            await later.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            if (await later.ReadAsync() is { Status: 200 }) break;
        }
    }

    private static async Task AskAsync(RawConnection connection)
    {
        await connection.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
    }

    private static Task<TestServer> StartAsync(Action<KestrelServerLimits> shorten) =>
        TestServer.StartAsync(kernel: null, configure: services => services.PostConfigure<KestrelServerOptions>(kestrel => shorten(kestrel.Limits)));
}
