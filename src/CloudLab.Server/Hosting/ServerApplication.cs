using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Server.Api;
using CloudLab.Server.Console;
using CloudLab.Server.OpenApi;
using CloudLab.Server.Problems;
using CloudLab.Server.S3;
using CloudLab.Server.Security;
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

    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    public static WebApplication Build(
        ServerOptions options, DataDirectory directory, IAnsiConsole console, Action<IServiceCollection>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "CloudLab.Server" });
        AddLogging(builder.Logging);
        builder.WebHost.UseKestrel(kestrel => Configure(kestrel, options));
        builder.WebHost.UseUrls([.. options.Addresses.Select(a => a.Url)]);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        AddControlPlane(builder.Services, options, directory);
        builder.Services.AddCloudLabS3(options, directory);
        AddWeb(builder.Services);
        builder.Services.AddSingleton(console);
        builder.Services.AddSingleton<ImageBuildDisplay>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<BuiltInImageBuilder>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BuiltInImageBuilder>());
        configure?.Invoke(builder.Services);

        WebApplication app = builder.Build();
        Use(app);
        return app;
    }

    private static void AddLogging(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
            console.UseUtcTimestamp = true;
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        // What these say of a failure is thrown as well, and is logged or told by who catches it.
        logging.AddFilter("Microsoft.EntityFrameworkCore.Database", LogLevel.Critical);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        // Three lines for each refused request.
        logging.AddFilter(typeof(BearerTokenHandler).FullName, LogLevel.Warning);
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
        if (options.CertificateFile is { } file)
            kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = LoadCertificate(file, options.CertificateKeyFile));
    }

    public static X509Certificate2 LoadCertificate(string file, string? keyFile) =>
        Path.GetExtension(file) is ".pfx" or ".p12"
            ? X509CertificateLoader.LoadPkcs12FromFile(file, password: null)
            : X509Certificate2.CreateFromPemFile(file, keyFile ?? file);

    private static void AddControlPlane(IServiceCollection services, ServerOptions options, DataDirectory directory)
    {
        services.AddSingleton(options);
        services.AddSingleton(directory);
        services.AddSingleton<IBlobStore>(_ => FileBlobStore.Open(directory.BlobDirectory, TimeProvider.System));
        services.AddSingleton(_ => MasterKey.LoadOrCreate(options.MasterKeyFile ?? directory.MasterKeyFile));
        services.AddCloudLabPersistence(Database(options, directory.Path));
        services.AddCloudLabControlPlane(new ControlPlaneOptions());
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
        app.UseAuthorization();
        app.MapCloudLab();
    }
}
