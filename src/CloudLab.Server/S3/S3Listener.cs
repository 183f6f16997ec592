using System.Text;
using CloudLab.Server.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CloudLab.Server.S3;

/// <summary>
/// The S3 service's own Kestrel: other limits than the API's (bodies of 5 GiB, headers as bytes), none of its middleware,
/// and no route that the two could confuse.
/// </summary>
internal sealed class S3Listener(S3Application application, ServerOptions options, DataDirectory directory, ILoggerFactory loggers) : IHostedService, IAsyncDisposable
{
    // A key of 1024 bytes, each escaped, and a presigned query.
    private const int MaxRequestLine = 16 << 10;

    // 2 KiB of metadata, as many tags and grants, a signature.
    private const int MaxHeaderBytes = 32 << 10;

    // What one host serves; bounds what idle connections cost.
    private const int MaxConnections = 4000;

    private WebApplication? _app;

    /// <summary>Where it listens, with the ports that were chosen.</summary>
    public IReadOnlyList<string> Urls => _app is null ? [] : [.. _app.Urls];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "CloudLab.Server.S3" });
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrel(Configure);
        builder.WebHost.UseUrls([.. options.S3Addresses.Select(a => a.Url)]);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        _app = builder.Build();
        _app.Run(application.HandleAsync);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new StartupException(
                $"{e.Message} Stop who listens there, or choose another address for S3 with --s3-urls http://127.0.0.1:PORT, or none with --s3-urls off.", e);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_app is not null) await _app.StopAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        // Signatures are over bytes: each stays one character.
        kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        ConnectionLimits.Apply(kestrel, options, MaxConnections, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        if (ServerCertificate.Load(options, directory) is { } certificate)
            kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate);
    }
}
