using CloudLab.ControlPlane.Quotas;
using CloudLab.Server.Hosting;
using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Storage.Blobs.Objects;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CloudLab.Server.S3;

/// <summary>Registration of the S3 service and its store.</summary>
internal static class S3Services
{
    /// <summary>Registers them where the options say that the service listens.</summary>
    public static IServiceCollection AddCloudLabS3(this IServiceCollection services, ServerOptions options, DataDirectory directory)
    {
        if (options.S3Addresses.Count == 0) return services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options.S3);
        services.AddSingleton(_ => ObjectStore.Open(new ObjectStoreOptions { Directory = directory.ObjectDirectory }, TimeProvider.System));
        services.AddSingleton<IQuotaUsage, ObjectStoreUsage>();
        services.AddSingleton<IS3Credentials, ControlPlaneCredentials>();
        services.AddSingleton<IS3Quotas, ControlPlaneQuotas>();
        services.AddSingleton<BucketAccessReader>();
        services.AddSingleton<S3Authenticator>();
        services.AddSingleton<S3Authorizer>();
        services.AddSingleton<S3Handlers>();
        services.AddSingleton<S3Metrics>();
        services.AddSingleton<S3Application>();
        services.AddSingleton<S3Listener>();
        services.AddHostedService(provider => provider.GetRequiredService<S3Listener>());
        return services;
    }
}
