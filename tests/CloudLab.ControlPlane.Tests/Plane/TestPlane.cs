using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.Machine;
using CloudLab.Storage.Blobs;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedPostgres))]

namespace CloudLab.ControlPlane.Tests.Plane;

/// <summary>A whole control plane on a database and a blob store of its own; its host runs only when told to.</summary>
public sealed class TestPlane : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly string _directory;
    private readonly bool _ownsDirectory;
    private readonly List<IHostedService> _started = [];

    private TestPlane(ServiceProvider services, TimeProvider time, DatabaseOptions database, string directory, bool ownsDirectory)
    {
        Time = time;
        _services = services;
        Database = database;
        _directory = directory;
        _ownsDirectory = ownsDirectory;
    }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public DatabaseOptions Database { get; }

    public AccountId Account { get; private set; }

    public TimeProvider Time { get; }

    /// <summary>The clock, unless the plane runs on the real one.</summary>
    public FakeTimeProvider Clock => (FakeTimeProvider)Time;

    public InstanceService Instances => Get<InstanceService>();

    public InstanceAttributeService Attributes => Get<InstanceAttributeService>();

    /// <summary>Where the scratch disks of this plane's instances are.</summary>
    public string ScratchDirectory => Path.Combine(_directory, "scratch");

    public ImageService Images => Get<ImageService>();

    public ImageRegistry Registry => Get<ImageRegistry>();

    public ImageUploads Uploads => Get<ImageUploads>();
    public AccountService Accounts => Get<AccountService>();

    public UserService Users => Get<UserService>();

    public TokenService Tokens => Get<TokenService>();

    public AccessKeyService AccessKeys => Get<AccessKeyService>();

    public QuotaService Quotas => Get<QuotaService>();

    internal HostService Hosts => Get<HostService>();

    public IInstanceHost Host => Get<IInstanceHost>();

    internal InstanceFleet Fleet => Get<InstanceFleet>();

    public IDbContextFactory<CloudLabDbContext> Contexts => Get<IDbContextFactory<CloudLabDbContext>>();

    /// <summary>Options for tests that run machines: everything that waits waits briefly.</summary>
    public static ControlPlaneOptions QuickOptions { get; } = new()
    {
        HostName = "host-a",
        Hypervisor = new HypervisorOptions { Workers = 2, MemoryBudget = 1UL << 30 },
        // Memory is what these hosts run out of.
        VcpuOvercommit = 1024,
        ReconcileInterval = TimeSpan.FromSeconds(1),
        CheckInterval = TimeSpan.FromMilliseconds(100),
        StopTimeout = TimeSpan.FromMilliseconds(200),
    };

    /// <summary>A plane on a new, migrated database.</summary>
    public static async Task<TestPlane> CreateAsync(
        DatabaseProvider provider, SharedPostgres postgres, ControlPlaneOptions? options = null, TimeProvider? time = null)
    {
        string directory = Directory.CreateTempSubdirectory("cloudlab-plane-").FullName;
        string connection = provider == DatabaseProvider.Sqlite
            ? $"Data Source={Path.Combine(directory, "cloudlab.db")}"
            : await postgres.CreateDatabaseAsync(Cancel);
        return await OpenAsync(new DatabaseOptions(provider, connection), directory, ownsDirectory: true, options, time);
    }

    /// <summary>A plane on a database that is there, which it brings to this version's schema.</summary>
    public static Task<TestPlane> OpenAsync(DatabaseOptions database, string directory) =>
        OpenAsync(database, directory, ownsDirectory: false, options: null, time: null);

    /// <summary>Another process on the same database: its own services, caches and host.</summary>
    public Task<TestPlane> OpenAnotherAsync(ControlPlaneOptions options)
    {
        // The hosts of a database share its master key.
        string directory = Path.Combine(_directory, Guid.NewGuid().ToString("n"));
        Directory.CreateDirectory(Path.Combine(directory, "keys"));
        File.Copy(KeyFile(_directory), KeyFile(directory));
        return OpenAsync(Database, directory, ownsDirectory: false, options, Time);
    }

    /// <summary>The same data after the process before has gone.</summary>
    public Task<TestPlane> ReopenAsync(ControlPlaneOptions options) =>
        OpenAsync(Database, _directory, ownsDirectory: false, options, Time);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Starts the host: its lease and its reconciler.</summary>
    public async Task StartHostAsync()
    {
        foreach (IHostedService service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(Cancel);
            _started.Add(service);
        }
    }

    /// <summary>Ends the process's services; the database and the blobs stay.</summary>
    public async Task StopAsync()
    {
        foreach (IHostedService service in Enumerable.Reverse(_started)) await service.StopAsync(CancellationToken.None);
        _started.Clear();
        await _services.DisposeAsync();
    }

    /// <summary>Publishes a kernel under the built-in image's name.</summary>
    public async Task<ImageDetails> PublishAsync(byte[] kernel)
    {
        ImageDetails image = await Images.EnsureBuiltInAsync("cloudlab-linux", Architecture.Riscv64, Cancel);
        return await Images.PublishAsync(
            image.Id, new ImageContents { Kernel = new MemoryStream(kernel), CommandLine = "console=ttyS0" }, Cancel);
    }

    /// <summary>Makes instances that the database takes as they are, as long as a host is registered.</summary>
    public async Task<IReadOnlyList<InstanceDetails>> CreateAsync(int count = 1, string type = "standard.small")
    {
        var result = await Instances.CreateAsync(
            Account, new CreateInstances { Image = "cloudlab-linux", InstanceType = type, Count = count }, Cancel);
        return Ok(result);
    }

    /// <summary>A new user of the plane's account.</summary>
    public async Task<UserDetails> UserAsync(string name, Role role) => Ok(await Users.CreateAsync(Account, by: null, name, role, Cancel));

    /// <summary>A new token of a user.</summary>
    public async Task<NewToken> TokenAsync(UserDetails user, Role? role = null, DateTimeOffset? expiresAt = null) => Ok(await Tokens.CreateAsync(
        user.AccountId, by: null, new CreateToken { Name = "test", User = user.Id, Role = role, ExpiresAt = expiresAt }, Cancel));

    /// <summary>The instance now.</summary>
    public async Task<InstanceDetails> GetAsync(InstanceId id) => Ok(await Instances.GetAsync(Account, id, Cancel));

    /// <summary>The instance as soon as the condition holds of it.</summary>
    public async Task<InstanceDetails> UntilAsync(InstanceId id, Func<InstanceDetails, bool> holds)
    {
        InstanceDetails details = await GetAsync(id);
        await Eventually.HoldsAsync(
            async () => holds(details = await GetAsync(id)), () => $"{details.State}, {details.StateReason?.Message}");
        return details;
    }

    public Task<InstanceDetails> UntilAsync(InstanceId id, InstanceState state) => UntilAsync(id, i => i.State == state);

    /// <summary>A row, for tests of what no service shows.</summary>
    public async Task<Instance> RowAsync(InstanceId id)
    {
        await using CloudLabDbContext db = await Contexts.CreateDbContextAsync(Cancel);
        return await db.Instances.AsNoTracking().SingleAsync(i => i.Id == id, Cancel);
    }

    /// <summary>Changes a row as a host would.</summary>
    internal Task<Instance> ChangeAsync(InstanceId id, Action<Instance> change) => Contexts.WriteAsync(
        async (db, ct) =>
        {
            Instance row = await db.Instances.SingleAsync(i => i.Id == id, ct);
            change(row);
            return row;
        },
        Cancel);

    public static T Ok<T>(Result<T> result)
        where T : class
    {
        Assert.True(result.IsOk, result.Error?.ToString());
        return result.Value;
    }

    public static CloudLabError Refused<T>(Result<T> result, ErrorCode code)
        where T : class
    {
        Assert.False(result.IsOk);
        Assert.Equal(code, result.Error.Code);
        return result.Error;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (!_ownsDirectory) return;
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (Database.Provider == DatabaseProvider.Postgres) NpgsqlConnection.ClearPool(new NpgsqlConnection(Database.ConnectionString));
        Directory.Delete(_directory, recursive: true);
    }

    private static string KeyFile(string directory) => Path.Combine(directory, "keys", "master.key");

    private static async Task<TestPlane> OpenAsync(
        DatabaseOptions database, string directory, bool ownsDirectory, ControlPlaneOptions? options, TimeProvider? time)
    {
        time ??= new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var services = new ServiceCollection();
        services.AddLogging(log => log.AddProvider(new TestLog(time)).SetMinimumLevel(LogLevel.Debug));
        services.AddSingleton(time);
        services.AddSingleton<IBlobStore>(_ => FileBlobStore.Open(Path.Combine(directory, "blobs"), time));
        services.AddSingleton(_ => MasterKey.LoadOrCreate(KeyFile(directory)));
        services.AddSingleton(_ => ScratchStore.Open(Path.Combine(directory, "scratch")));
        services.AddCloudLabPersistence(database);
        services.AddCloudLabControlPlane(options ?? QuickOptions);
        var plane = new TestPlane(services.BuildServiceProvider(), time, database, directory, ownsDirectory);
        plane.Account = (await plane._services.InitializeCloudLabAsync(Cancel)).Id;
        return plane;
    }
}
