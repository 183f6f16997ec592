using System.Text.Json;
using System.Text.Json.Serialization;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.Server.Api;
using CloudLab.Server.Backup;
using CloudLab.Server.Console;
using CloudLab.Server.Events;
using CloudLab.Server.OpenApi;
using CloudLab.Server.Problems;
using CloudLab.Server.S3;
using CloudLab.Server.Security;
using CloudLab.Server.Telemetry;
using CloudLab.Storage.Blobs;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace CloudLab.Server.Hosting;

/// <summary>Puts the server together: listeners and their limits, services, the way of a request.</summary>
/// <remarks>Begins with an empty builder: no settings files or variables but our own may open a listener.</remarks>
internal static class ServerApplication
{
    // A request to create has at most 50 tags of 128 + 256 characters, each at most 6 bytes as a JSON escape.
    private const int MaxBodyBytes = 256 << 10;

    // Far above what one host's users need; bounds what idle connections cost (some 20 KB each).
    private const int MaxConnections = 1000;

    private const int MaxHeaderBytes = 16 << 10;

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    public static WebApplication Build(
        ServerOptions options, DataDirectory directory, IAnsiConsole console, Action<IServiceCollection>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "CloudLab.Server" });
        builder.Logging.AddCloudLabLogging(options);
        builder.WebHost.UseKestrel(kestrel => Configure(kestrel, options, directory));
        builder.WebHost.UseUrls([.. options.Addresses.Select(a => a.Url)]);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        AddControlPlane(builder.Services, options, directory);
        builder.Services.AddCloudLabS3(options, directory);
        AddWeb(builder.Services);
        builder.Services.AddCloudLabTelemetry(options);
        builder.Services.AddSingleton(console);
        builder.Services.AddSingleton<ImageBuildDisplay>();
        builder.Services.AddSingleton<BackupWriter>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<BuiltInImageBuilder>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BuiltInImageBuilder>());
        configure?.Invoke(builder.Services);

        WebApplication app = builder.Build();
        Use(app);
        return app;
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options, DataDirectory directory)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        ConnectionLimits.Apply(kestrel, options, MaxConnections);
        if (ServerCertificate.Load(options, directory) is { } certificate)
            kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate);
    }

    private static void AddControlPlane(IServiceCollection services, ServerOptions options, DataDirectory directory)
    {
        services.AddSingleton(options);
        services.AddSingleton(directory);
        services.AddSingleton<IBlobStore>(_ => FileBlobStore.Open(directory.BlobDirectory, TimeProvider.System));
        services.AddSingleton(_ => MasterKey.LoadOrCreate(options.MasterKeyFile ?? directory.MasterKeyFile));
        services.AddSingleton(_ => ScratchStore.Open(directory.ScratchDirectory));
        services.AddCloudLabPersistence(Database(options, directory.Path));
        services.AddCloudLabControlPlane(options.ControlPlane with
        {
            EventRetention = options.EventRetention,
            AllowsPrivateWebhooks = options.AllowsPrivateWebhooks,
        });
    }

    /// <summary>Where this server's rows are.</summary>
    public static DatabaseOptions Database(ServerOptions options, string dataDirectory) =>
        options.PostgresConnectionString is { } postgres
            ? new DatabaseOptions(DatabaseProvider.Postgres, postgres)
            : new DatabaseOptions(
                DatabaseProvider.Sqlite, new SqliteConnectionStringBuilder { DataSource = DataDirectory.SqliteFileOf(dataDirectory) }.ConnectionString);

    private static void AddWeb(IServiceCollection services)
    {
        services.AddRouting();
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        services.AddExceptionHandler<ProblemExceptionHandler>();
        // The core alone: the rest is for cookies and writes keys into the home directory.
        services.AddWebEncoders();
        services.AddAuthenticationCore(authentication =>
        {
            authentication.DefaultScheme = BearerTokenHandler.SchemeName;
            authentication.AddScheme<BearerTokenHandler>(BearerTokenHandler.SchemeName, null);
        });
        services.AddTransient<BearerTokenHandler>();
        services.AddAuthorization();
        services.AddSingleton<FailedAttempts>();
        services.AddSingleton<ConsoleTickets>();
        services.AddSingleton<EventStreams>();
        services.AddSingleton<EventStream>();
        services.AddSingleton<ConsoleSessions>();
        services.AddCloudLabOpenApi();
    }

    /// <summary>The API's JSON. Strict in what is taken: a misspelt field is refused, not ignored.</summary>
    public static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        json.PropertyNameCaseInsensitive = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.MaxDepth = 16;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
    }

    private static void Use(WebApplication app)
    {
        app.UseMiddleware<SecurityHeaders>();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context =>
            StatusProblems.For(context.HttpContext.Response.StatusCode, context.HttpContext).ExecuteAsync(context.HttpContext));
        app.UseMiddleware<HostGuard>();
        app.UseCloudLabSwaggerUi();
        app.UseWebSockets(new() { KeepAliveInterval = KeepAlive, KeepAliveTimeout = KeepAlive });
        app.UseRouting();
        app.UseAuthentication();
        app.UseMiddleware<ApiCallRecorder>();
        app.UseAuthorization();
        app.UseMiddleware<JsonBodyGuard>();
        app.MapCloudLab();
    }
}
