using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Hosting;
using CloudLab.Server.S3;
using CloudLab.Server.Security;
using CloudLab.Server.Tests.Harness;
using CloudLab.Storage.Blobs.Objects;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.S3;

/// <summary>A server with its S3 service, two accounts and a client of each, for all tests of a class.</summary>
public class S3Fixture : IAsyncLifetime
{
    public const string Domain = "s3.test.example";

    private TestServer? _server;

    internal TestServer Server => _server!;

    /// <summary>Counts the times that somebody was slowed down for a wrong key or signature, and does not wait.</summary>
    internal HurriedTime Slowing { get; } = new();

    /// <summary>Where the S3 service listens.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>The first account's administrator.</summary>
    internal S3Keys Main { get; private set; } = null!;

    /// <summary>Another account's.</summary>
    internal S3Keys Other { get; private set; } = null!;

    public AmazonS3Client Client { get; private set; } = null!;

    public AmazonS3Client OtherClient { get; private set; } = null!;

    public HttpClient Anonymous { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(
            kernel: null,
            options => options with
            {
                S3Addresses = [new ListenAddress("http://127.0.0.1:0", IsHttps: false, IsLoopback: true)],
                S3 = MakeOptions(),
            },
            services => services.AddSingleton(new FailedAttempts(Slowing)));
        Url = new Uri(Server.Services.GetRequiredService<S3Listener>().Urls[0]);
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        Account main = await Server.Services.GetRequiredService<AccountService>().EnsureDefaultAsync(cancellationToken);
        Main = await MakeKeysAsync(main.Id, new CreateAccessKey { User = await FindUserAsync(main.Id) });
        NewAccount other = (await Server.Services.GetRequiredService<AccountService>()
            .CreateAsync(null, new CreateAccount { Name = "other", AdminName = "admin" }, cancellationToken)).Value!;
        Other = await MakeKeysAsync(other.Account.Id, new CreateAccessKey { User = other.Admin.Id });
        Client = ClientOf(Main);
        OtherClient = ClientOf(Other);
        Anonymous = new HttpClient { BaseAddress = Url };
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        OtherClient.Dispose();
        Anonymous.Dispose();
        if (_server is not null) await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The names of the large objects' files, as they are on the disk at this moment.</summary>
    internal HashSet<string> Files() =>
        [.. Directory.EnumerateFiles(Path.Combine(Server.DataDirectory, "objects", "files"), "*", SearchOption.AllDirectories)];

    /// <summary>What an account uses, as its quotas count it.</summary>
    internal StoreUsage UsageOf(S3Keys keys) => Server.Services.GetRequiredService<ObjectStore>().GetOwnerUsage(keys.CanonicalUserId);

    private protected virtual S3Options MakeOptions() => new() { Domains = [Domain] };

    internal async Task<S3Keys> MakeKeysAsync(AccountId account, CreateAccessKey request)
    {
        NewAccessKey key = (await Server.Services.GetRequiredService<AccessKeyService>()
            .CreateAsync(account, null, request, TestContext.Current.CancellationToken)).Value!;
        return new S3Keys(account, key.Key.Id.Value, key.Secret, key.CanonicalUserId);
    }

    internal AmazonS3Client ClientOf(S3Keys keys, Action<AmazonS3Config>? change = null)
    {
        var config = new AmazonS3Config
        {
            ServiceURL = Url.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            MaxErrorRetry = 0,
        };
        change?.Invoke(config);
        return new AmazonS3Client(new BasicAWSCredentials(keys.Id, keys.Secret), config);
    }

    /// <summary>A new bucket of the first account.</summary>
    internal async Task<string> MakeBucketAsync(Action<PutBucketRequest>? change = null)
    {
        string name = "test-" + Guid.NewGuid().ToString("N");
        var request = new PutBucketRequest { BucketName = name };
        change?.Invoke(request);
        await Client.PutBucketAsync(request, TestContext.Current.CancellationToken);
        return name;
    }

    /// <summary>Sends bytes as they are and reads what comes back until the other side closes.</summary>
    /// <param name="request">What to send.</param>
    /// <param name="later">What to send when the first part was answered; null for nothing.</param>
    internal async Task<string> SendRawAsync(byte[] request, byte[]? later = null)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        using var client = new TcpClient();
        await client.ConnectAsync(Url.Host, Url.Port, cancellationToken);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(request, cancellationToken);
        var answer = new System.Text.StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and int read)
            {
                answer.Append(System.Text.Encoding.Latin1.GetString(buffer, 0, read));
                if (later is not null) await stream.WriteAsync(later, cancellationToken);
                later = null;
            }
        }
        catch (IOException)
        {
            // A server that does not wait for the rest of a body resets the connection.
        }

        return answer.ToString();
    }

    private async Task<UserId> FindUserAsync(AccountId account)
    {
        UserService users = Server.Services.GetRequiredService<UserService>();
        return (await users.GetByNameAsync(account, UserService.AdminName, TestContext.Current.CancellationToken)).Value!.Id;
    }
}

/// <summary>An access key.</summary>
internal sealed record S3Keys(AccountId Account, string Id, string Secret, string CanonicalUserId);
