using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.ControlPlane.Webhooks;
using CloudLab.Machine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CloudLab.ControlPlane;

/// <summary>Registration and start of the control plane.</summary>
public static class ControlPlaneServices
{
    /// <summary>
    /// Registers the services, this host and its reconciler. The caller registers an <c>IBlobStore</c>, the
    /// <see cref="MasterKey"/>, a <see cref="ScratchStore"/> and the database
    /// (<see cref="PersistenceServices.AddCloudLabPersistence"/>), holds the data directory's lock, and awaits
    /// <see cref="InitializeCloudLabAsync"/> before the host starts.
    /// </summary>
    public static IServiceCollection AddCloudLabControlPlane(this IServiceCollection services, ControlPlaneOptions options)
    {
        options.Validate();
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ReconcileSignal>();
        services.AddSingleton<PageTokens>();
        services.AddCloudLabIdentity();
        services.AddHostedService<IdentityKeeper>();
        services.AddSingleton<ImageBlobs>();
        services.AddSingleton<ImageService>();
        services.AddSingleton<ImageRegistry>();
        services.AddSingleton<ImageUploads>();
        services.AddSingleton<ImageCollector>();
        services.AddSingleton<InstanceService>();
        services.AddSingleton<EventService>();
        services.AddSingleton<EventKeeper>();
        services.AddSingleton<WebhookSecrets>();
        services.AddSingleton<WebhookService>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<WebhookDispatcher>();
        services.AddSingleton<InstanceAttributeService>();
        services.AddSingleton<ConsoleArchive>();
        services.AddMetrics();
        services.AddSingleton<ControlPlaneMetrics>();

        services.AddSingleton(_ => new Hypervisor(options.Hypervisor));
        services.AddSingleton<HostService>();
        services.AddSingleton<HostDirectory>();
        services.AddSingleton<HostSession>();
        services.AddSingleton<ImageCache>();
        services.AddSingleton<MachineFactory>();
        services.AddSingleton<MachineTotals>();
        services.AddSingleton<HostMetrics>();
        services.AddSingleton<HostServices>();
        services.AddSingleton<InstanceFleet>();
        services.AddSingleton<IInstanceHost>(provider => provider.GetRequiredService<InstanceFleet>());
        services.AddHostedService<HostKeeper>();
        services.AddHostedService<InstanceReconciler>();
        services.AddHostedService(provider => provider.GetRequiredService<ImageCollector>());
        services.AddHostedService(provider => provider.GetRequiredService<EventKeeper>());
        services.AddHostedService(provider => provider.GetRequiredService<WebhookDispatcher>());
        return services;
    }

    /// <summary>
    /// Registers accounts, users, tokens, keys and quotas alone, for tools beside a server. The caller registers
    /// <see cref="ControlPlaneOptions"/>, the <see cref="MasterKey"/> and the database.
    /// </summary>
    public static IServiceCollection AddCloudLabIdentity(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<AccountService>();
        services.AddSingleton<UserService>();
        services.AddSingleton<LastUse>();
        services.AddSingleton<TokenService>();
        services.AddSingleton<AccessKeyService>();
        services.AddSingleton<IQuotaUsage, InstanceUsage>();
        services.AddSingleton<IQuotaUsage, ImageUsage>();
        services.AddSingleton<QuotaService>();
        return services;
    }

    /// <summary>Migrates the database and makes the default account and the built-in image's row. Idempotent.</summary>
    /// <returns>The default account.</returns>
    public static async Task<Account> InitializeCloudLabAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        // Its instruments are read from now on; nobody else needs it.
        _ = services.GetRequiredService<HostMetrics>();
        await services.GetRequiredService<DatabaseMigrator>().MigrateAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<EventService>().AdoptAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<ImageService>()
            .EnsureBuiltInAsync(
                services.GetRequiredService<ControlPlaneOptions>().BuiltInImage, Architecture.Riscv64, cancellationToken)
            .ConfigureAwait(false);
        return await services.GetRequiredService<AccountService>().EnsureDefaultAsync(cancellationToken).ConfigureAwait(false);
    }
}
