using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Benchmarks;

/// <summary>A database with many stopped instances, each a copy of one that the code made, with a name for a tag.</summary>
internal static class SeededDatabase
{
    /// <summary>Makes the schema, the built-in image's row and the instances.</summary>
    public static async Task FillAsync(DatabaseOptions options, int count)
    {
        var services = new ServiceCollection();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new ControlPlaneOptions());
        services.AddSingleton<QuotaService>();
        services.AddSingleton<AccountService>();
        services.AddCloudLabPersistence(options);
        await using ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetRequiredService<DatabaseMigrator>().MigrateAsync(CancellationToken.None);
        var contexts = provider.GetRequiredService<IDbContextFactory<CloudLabDbContext>>();
        Account account = await provider.GetRequiredService<AccountService>().EnsureDefaultAsync(CancellationToken.None);
        DateTimeOffset now = DateTimeOffset.UnixEpoch.AddYears(56);
        var request = new CreateInstances
        {
            Image = "cloudlab-linux",
            InstanceType = "standard.small",
            Tags = new Dictionary<string, string> { ["Name"] = "web-0" },
        };
        InstanceId first = await contexts.WriteAsync(
            async (db, ct) =>
            {
                var image = new Image(new ControlPlaneOptions().BuiltInImage, Architecture.Riscv64, now);
                db.Images.Add(image);
                var instance = Instance.Create(account.Id, image, InstanceTypeCatalog.All[0], request, now);
                db.Instances.Add(instance);
                await db.SaveChangesAsync(ct);
                await db.Instances.ExecuteUpdateAsync(
                    set => set.SetProperty(i => i.Desired, DesiredState.Stopped).SetProperty(i => i.Observed, ObservedState.Stopped)
                        .SetProperty(i => i.ObservedGeneration, 1).SetProperty(i => i.IsActive, false),
                    ct);
                return instance.Id;
            },
            CancellationToken.None);
        await CopyAsync(contexts, options.Provider, first, count - 1);
    }

    private static async Task CopyAsync(
        IDbContextFactory<CloudLabDbContext> contexts, DatabaseProvider provider, InstanceId first, int copies)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync();
        await using WriteScope scope = await db.BeginWriteAsync(CancellationToken.None);
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
        string[] columns = [.. db.Model.FindEntityType(typeof(Instance))!.GetProperties().Select(p => p.GetColumnName()).Where(c => c is not ("id" or "created_at"))];
        string names = string.Join(", ", columns);
        (string sequence, string id, string createdAt) = provider switch
        {
            DatabaseProvider.Sqlite => (
                $"(with recursive seq(n) as (select 1 union all select n + 1 from seq where n < {copies}) select n from seq)",
                "'i-' || printf('%017x', n)",
                "created_at - n * 10000"),
            DatabaseProvider.Postgres => (
                $"(select n from generate_series(1, {copies}) as n)",
                "'i-' || lpad(to_hex(n), 17, '0')",
                "created_at - n * interval '1 millisecond'"),
        };
        string copy =
            $"insert into instances (id, created_at, {names}) select {id}, {createdAt}, {names} from instances, {sequence} s where id = {{0}}";
        string tag = $"insert into instance_tags (instance_id, key, value) select {id}, 'Name', 'web-' || n from {sequence} s";
        await db.Database.ExecuteSqlRawAsync(copy, first.Value);
        await db.Database.ExecuteSqlRawAsync(tag);
        await scope.CommitAsync();
        await db.Database.ExecuteSqlRawAsync("analyze");
    }
}
