using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Persistence.Portable;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Registration of the database.</summary>
public static class PersistenceServices
{
    /// <summary>Registers <see cref="IDbContextFactory{CloudLabDbContext}"/> (pooled), <see cref="DatabaseMigrator"/>, export and import.</summary>
    public static IServiceCollection AddCloudLabPersistence(this IServiceCollection services, DatabaseOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<DatabaseMigrator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<EventSignal>();
        services.AddSingleton<EventRecorder>();
        services.AddSingleton<DatabaseExport>();
        services.AddSingleton<DatabaseImport>();
        switch (options.Provider)
        {
            case DatabaseProvider.Sqlite:
                services.AddSingleton<SqliteWriteGate>();
                services.AddPooledDbContextFactory<SqliteCloudLabDbContext>(builder => builder
                    .UseSqlite(options.ConnectionString)
                    .AddInterceptors(SqliteConnectionSetup.Instance));
                services.AddSingleton<IDbContextFactory<CloudLabDbContext>, FactoryAdapter<SqliteCloudLabDbContext>>();
                break;
            case DatabaseProvider.Postgres:
                services.AddPooledDbContextFactory<PostgresCloudLabDbContext>(builder => builder
                    .UseNpgsql(options.ConnectionString));
                services.AddSingleton<IDbContextFactory<CloudLabDbContext>, FactoryAdapter<PostgresCloudLabDbContext>>();
                break;
        }

        return services;
    }

    // The factory interface is not covariant.
    private sealed class FactoryAdapter<T>(IDbContextFactory<T> inner) : IDbContextFactory<CloudLabDbContext>
        where T : CloudLabDbContext
    {
        public CloudLabDbContext CreateDbContext() => inner.CreateDbContext();

        public async Task<CloudLabDbContext> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
            await inner.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
    }
}
