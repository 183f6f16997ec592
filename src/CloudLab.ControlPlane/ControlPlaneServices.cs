using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.Machine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CloudLab.ControlPlane;

/// <summary>Registration and start of the control plane.</summary>
public static class ControlPlaneServices
{
    /// <summary>
    /// Registers the services, this host and its reconciler. The caller registers an <c>IBlobStore</c>, a
    /// <see cref="ScratchStore"/> and the database (<see cref="PersistenceServices.AddCloudLabPersistence"/>), holds the data directory's lock, and awaits
    /// <see cref="InitializeCloudLabAsync"/> before the host starts.
    /// </summary>
    public static IServiceCollection AddCloudLabControlPlane(this IServiceCollection services, ControlPlaneOptions options)
    {
        options.Validate();
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ReconcileSignal>();
        services.AddSingleton<SharedSecrets>();
        services.AddSingleton<PageTokens>();
        services.AddSingleton<AccountService>();
        services.AddSingleton<TokenService>();
        services.AddSingleton<ImageService>();
        services.AddSingleton<InstanceService>();
        services.AddSingleton<InstanceAttributeService>();
        services.AddSingleton<ConsoleArchive>();
        services.AddMetrics();
        services.AddSingleton<ControlPlaneMetrics>();

        services.AddSingleton(_ => new Hypervisor(options.Hypervisor));
        services.AddSingleton<HostService>();
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
        return services;
    }

    /// <summary>Migrates the database and makes the default account and the built-in image's row. Idempotent.</summary>
    /// <returns>The default account.</returns>
    public static async Task<Account> InitializeCloudLabAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        // Its instruments are read from now on; nobody else needs it.
        _ = services.GetRequiredService<HostMetrics>();
        await services.GetRequiredService<DatabaseMigrator>().MigrateAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<ImageService>()
            .EnsureBuiltInAsync(
                services.GetRequiredService<ControlPlaneOptions>().BuiltInImage, Architecture.Riscv64, cancellationToken)
            .ConfigureAwait(false);
        return await services.GetRequiredService<AccountService>().EnsureDefaultAsync(cancellationToken).ConfigureAwait(false);
    }
}
