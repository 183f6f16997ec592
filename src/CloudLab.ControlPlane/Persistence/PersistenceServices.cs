using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Persistence.Portable;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Registration of the database.</summary>
public static class PersistenceServices
{
    // More than the statements that are run all the time; each costs a few kilobytes a connection.
    private const int MaxPreparedStatements = 64;

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
                    .UseNpgsql(WithPreparedStatements(options.ConnectionString)));
                services.AddSingleton<IDbContextFactory<CloudLabDbContext>, FactoryAdapter<PostgresCloudLabDbContext>>();
                break;
        }

        return services;
    }

    /// <summary>
    /// Lets the server plan a statement once for each connection: that was two thirds of what a small query cost (the
    /// verifications benchmark). A connection string that says something about it is left alone, for poolers in between
    /// that cannot have it.
    /// </summary>
    private static string WithPreparedStatements(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        if (!builder.ShouldSerialize("Max Auto Prepare")) builder.MaxAutoPrepare = MaxPreparedStatements;
        return builder.ConnectionString;
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
