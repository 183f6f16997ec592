using System.Reflection;
using CloudLab.ControlPlane;
using CloudLab.Server.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CloudLab.Server.Telemetry;

/// <summary>Metrics at <c>/metrics</c> for Prometheus, and metrics and traces by OTLP where an endpoint is set.</summary>
/// <remarks>What there is, with names and units, stands in <c>docs/operations.md</c>.</remarks>
internal static class TelemetrySetup
{
    private static readonly string[] Meters =
    [
        "CloudLab.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql",
    ];

    public static void AddCloudLabTelemetry(this IServiceCollection services, ServerOptions options)
    {
        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry().WithMetrics(metrics =>
        {
            metrics.SetResourceBuilder(Describe(ResourceBuilder.CreateEmpty())).AddMeter(Meters).AddPrometheusExporter(scrape => scrape.ScrapeResponseCacheDurationMilliseconds = 0);
            if (options.OtlpEndpoint is { } endpoint) metrics.AddOtlpExporter(otlp => otlp.Endpoint = endpoint);
        });
        if (options.OtlpEndpoint is not { } traces) return;
        telemetry.WithTracing(tracing => tracing
            .SetResourceBuilder(Describe(ResourceBuilder.CreateEmpty()))
            .AddAspNetCoreInstrumentation(requests => requests.Filter = IsWorthTracing)
            .AddSource(ControlPlaneActivities.SourceName, "Npgsql")
            .AddOtlpExporter(otlp => otlp.Endpoint = traces));
    }

    private static ResourceBuilder Describe(ResourceBuilder resource)
    {
        string version = typeof(TelemetrySetup).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        return resource.AddService("cloudlab", serviceVersion: version.Split('+')[0], serviceInstanceId: Environment.MachineName);
    }

    // Probes and scrapes come every few seconds and tell nothing.
    private static bool IsWorthTracing(HttpContext context) =>
        context.Request.Path.Value is not ("/healthz" or "/readyz" or MetricsEndpoint.Path);
}
