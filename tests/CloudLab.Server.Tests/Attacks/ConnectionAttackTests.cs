using System.Net;
using CloudLab.Server.Hosting;
using CloudLab.Server.S3;
using CloudLab.Server.Tests.Harness;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CloudLab.Server.Tests.Attacks;

/// <summary>Clients that hold on to connections. The limits are the server's own, shortened.</summary>
public sealed class ConnectionAttackTests
{
    private const int MaxConnections = 40;
    private const string Request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

    // A little above the second in which Kestrel looks at its connections.
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1100);

    [Fact]
    public async Task Headers_that_do_not_end_are_given_up_on()
    {
        await using TestServer server = await StartAsync(limits => limits.RequestHeadersTimeout = Short);
        using RawConnection slow = await RawConnection.OpenAsync(server.Url);
        await slow.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: ");
        Task<RawResponse?> end = slow.ReadAsync();
        await server.Anonymous.GetAsync("/healthz", HttpStatusCode.OK);

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
        await server.Admin.GetAsync("/v1/me", HttpStatusCode.OK);

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
        await server.Admin.GetAsync("/v1/me", HttpStatusCode.OK);
        var idle = new List<RawConnection>();
        try
        {
            // One of them is the client's from above, which is kept.
            for (int i = 1; i < MaxConnections; i++) idle.Add(await RawConnection.OpenAsync(server.Url));
            await AskAsync(idle[^1]);
            using RawConnection refused = await RawConnection.OpenAsync(server.Url);
            await AskInVainAsync(refused);

            await server.Admin.GetAsync("/v1/me", HttpStatusCode.OK);
            await AskAsync(idle[0]);
        }
        finally
        {
            foreach (RawConnection connection in idle) connection.Dispose();
        }

        await AskUntilAnsweredAsync(server.Url);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_address_that_holds_all_it_may_shuts_no_other_out(bool onS3)
    {
        var loopback = new ListenAddress("http://127.0.0.1:0", IsHttps: false, IsLoopback: true);
        await using TestServer server = await TestServer.StartAsync(
            kernel: null, options => options with { S3Addresses = [loopback], ConnectionsPerAddress = MaxConnections });
        Uri url = onS3 ? new Uri(server.Services.GetRequiredService<S3Listener>().Urls[0]) : server.Url;
        // There, it is a bucket that is not there.
        int answer = onS3 ? 404 : 200;
        var held = new List<RawConnection>();
        try
        {
            for (int i = 0; i < MaxConnections; i++)
            {
                held.Add(await RawConnection.OpenAsync(url));
                await AskAsync(held[^1], answer);
            }

            using RawConnection refused = await RawConnection.OpenAsync(url);
            await AskInVainAsync(refused);
            using RawConnection other = await RawConnection.OpenAsync(url, IPAddress.Parse("127.0.0.2"));
            await AskAsync(other, answer);
            await AskAsync(held[^1], answer);

            held[0].Dispose();
            await AskUntilAnsweredAsync(url, answer);
        }
        finally
        {
            foreach (RawConnection connection in held) connection.Dispose();
        }
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::5", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("fe80::1%2", "fe80::2%2", false)]
    public void Addresses_of_one_client_are_counted_together(string one, string other, bool together) =>
        Assert.Equal(together, ConnectionsPerAddress.ClientOf(IPAddress.Parse(one)).Equals(ConnectionsPerAddress.ClientOf(IPAddress.Parse(other))));

    [Fact]
    public async Task Idle_connections_are_kept_for_less_time_than_Kestrel_would()
    {
        await using TestServer server = await StartAsync(_ => { });

        TimeSpan kept = server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.KeepAliveTimeout;
        // Above what load balancers keep one for, or they would send a request into a connection that closes.
        Assert.InRange(kept, TimeSpan.FromSeconds(61), new KestrelServerLimits().KeepAliveTimeout - TimeSpan.FromSeconds(1));
    }

    private static async Task AskAsync(RawConnection connection, int answer = 200)
    {
        await connection.SendAsync(Request);
        Assert.Equal(answer, (await connection.ReadAsync())?.Status);
    }

    private static async Task AskInVainAsync(RawConnection connection)
    {
        await connection.SendAsync(Request);
        Assert.Null(await connection.ReadAsync());
    }

    // Places are free again as soon as the server has seen that who had them is gone.
    private static async Task AskUntilAnsweredAsync(Uri url, int answer = 200)
    {
        while (true)
        {
            using RawConnection later = await RawConnection.OpenAsync(url);
            await later.SendAsync(Request);
            if (await later.ReadAsync() is not { } response) continue;
            Assert.Equal(answer, response.Status);
            return;
        }
    }

    private static Task<TestServer> StartAsync(Action<KestrelServerLimits> shorten) =>
        TestServer.StartAsync(kernel: null, configure: services => services.PostConfigure<KestrelServerOptions>(kestrel => shorten(kestrel.Limits)));
}
