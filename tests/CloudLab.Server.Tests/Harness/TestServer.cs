using System.Net.Http.Headers;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CloudLab.Server.Tests.Harness;

/// <summary>A whole server of one test or class: real Kestrel on a free loopback port, its own data directory.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _data;
    private readonly QuietConsole _console;

    private TestServer(TemporaryDirectory data, QuietConsole console, ServerRunner runner)
    {
        _data = data;
        _console = console;
        Runner = runner;
        Url = new Uri(runner.App.Urls.Single());
        Anonymous = new HttpClient { BaseAddress = Url };
        Admin = ClientWith(runner.Token.Secret);
    }

    public ServerRunner Runner { get; }

    public Uri Url { get; }

    public HttpClient Anonymous { get; }

    /// <summary>With the token from the token file.</summary>
    public HttpClient Admin { get; }

    public string DataDirectory => _data["data"];

    public string ImageDirectory => _data["image"];

    public IServiceProvider Services => Runner.App.Services;

    /// <param name="kernel">The built-in image's kernel, or null for no image at all.</param>
    /// <param name="change">Changes the options.</param>
    /// <param name="configure">Changes the services.</param>
    public static async Task<TestServer> StartAsync(
        byte[]? kernel, Func<ServerOptions, ServerOptions>? change = null, Action<IServiceCollection>? configure = null)
    {
        var data = new TemporaryDirectory();
        var console = new QuietConsole();
        Directory.CreateDirectory(data["image"]);
        if (kernel is not null) GuestImages.Write(data["image"], kernel);
        var options = new ServerOptions
        {
            DataDirectory = data["data"],
            Addresses = [new ListenAddress("http://127.0.0.1:0", IsHttps: false, IsLoopback: true)],
            GuestImageDirectory = data["image"],
        };
        ServerRunner runner = await ServerRunner.StartAsync(
            change?.Invoke(options) ?? options, console.Console, Configure, TestContext.Current.CancellationToken);
        return new TestServer(data, console, runner);

        void Configure(IServiceCollection services)
        {
            // The test guests do not answer the power key.
            services.AddSingleton(new ControlPlaneOptions { StopTimeout = TimeSpan.FromMilliseconds(200) });
            services.AddLogging(logging => logging.ClearProviders());
            configure?.Invoke(services);
        }
    }

    public HttpClient ClientWith(string token)
    {
        var client = new HttpClient { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>A client with a token of a new user of this role in the default account, which is the management account.</summary>
    public async Task<HttpClient> ClientAsync(Role role) =>
        await ClientAsync((await Services.GetRequiredService<AccountService>().EnsureDefaultAsync(TestContext.Current.CancellationToken)).Id, role);

    /// <summary>A client with a token of a new user of this role.</summary>
    public async Task<HttpClient> ClientAsync(AccountId account, Role role)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string name = $"{role}-{Guid.NewGuid():n}";
        Result<UserDetails> user = await Services.GetRequiredService<UserService>().CreateAsync(account, null, name, role, cancellationToken);
        Result<NewToken> token = await Services.GetRequiredService<TokenService>()
            .CreateAsync(account, null, new CreateToken { Name = name, User = user.Value!.Id }, cancellationToken);
        return ClientWith(token.Value!.Secret);
    }

    /// <summary>A new account that is not the management account, and a client of its administrator.</summary>
    public async Task<(AccountId Account, HttpClient Admin)> AccountAsync(string? name = null)
    {
        Result<NewAccount> account = await Services.GetRequiredService<AccountService>()
            .CreateAsync(null, new CreateAccount { Name = name ?? $"account-{Guid.NewGuid():n}" }, TestContext.Current.CancellationToken);
        return (account.Value!.Account.Id, ClientWith(account.Value.Token.Secret));
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        Anonymous.Dispose();
        await Runner.App.StopAsync(CancellationToken.None);
        await Runner.DisposeAsync();
        _console.Dispose();
        _data.Dispose();
    }
}
