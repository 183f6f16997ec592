using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>
/// The model, the same on both databases; what differs is in <see cref="SqliteCloudLabDbContext"/> and
/// <see cref="PostgresCloudLabDbContext"/>, each with its own migrations.
/// </summary>
/// <remarks>
/// Text compares by bytes, times are UTC. A write is made inside <see cref="BeginWriteAsync"/>, mostly by
/// <see cref="DbContextFactoryExtensions.WriteAsync{T}"/>, which repeats it when it met a concurrent one.
/// </remarks>
public abstract class CloudLabDbContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();

    public DbSet<ClientRequest> ClientRequests => Set<ClientRequest>();

    public DbSet<Host> Hosts => Set<Host>();

    public DbSet<Image> Images => Set<Image>();

    public DbSet<Instance> Instances => Set<Instance>();

    public DbSet<InstanceTransition> InstanceTransitions => Set<InstanceTransition>();

    public DbSet<InstanceUserData> InstanceUserData => Set<InstanceUserData>();

    public DbSet<SharedSecret> SharedSecrets => Set<SharedSecret>();

    /// <summary>Starts a write transaction; on SQLite it waits for its turn first.</summary>
    public abstract Task<WriteScope> BeginWriteAsync(CancellationToken cancellationToken);

    /// <summary>Appended to a subselect of a set-based update that claims rows: rows that another host claims are passed over.</summary>
    internal abstract string SkipLocked { get; }

    /// <summary>Whether a save failed because another write was quicker, so that the whole write can be repeated.</summary>
    internal abstract bool IsConflict(Exception failure);

    /// <inheritdoc/>
    public override int SaveChanges(bool acceptAllChangesOnSuccess) =>
        throw new NotSupportedException("the database is used asynchronously");

    /// <inheritdoc/>
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (Database.CurrentTransaction is null) throw new InvalidOperationException("a write needs BeginWriteAsync");
        List<Instance> full = InstanceHistory.Record(this, this.GetService<TimeProvider>().GetUtcMicroseconds());
        foreach (var entry in ChangeTracker.Entries<IVersioned>())
            if (entry.State == EntityState.Modified)
                entry.Entity.Version++;
        int saved = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken).ConfigureAwait(false);
        await InstanceHistory.TrimAsync(this, full, cancellationToken).ConfigureAwait(false);
        return saved;
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<InstanceId>().HaveConversion<ResourceIdConverter<InstanceId>>().HaveMaxLength(19);
        configurationBuilder.Properties<ImageId>().HaveConversion<ResourceIdConverter<ImageId>>().HaveMaxLength(21);
        configurationBuilder.Properties<TokenId>().HaveConversion<ResourceIdConverter<TokenId>>().HaveMaxLength(21);
        configurationBuilder.Properties<AccountId>().HaveConversion<AccountIdConverter>().HaveMaxLength(12);
        ConfigureEnum<Architecture>(configurationBuilder);
        ConfigureEnum<CheckStatus>(configurationBuilder);
        ConfigureEnum<DesiredState>(configurationBuilder);
        ConfigureEnum<InstanceState>(configurationBuilder);
        ConfigureEnum<ImageState>(configurationBuilder);
        ConfigureEnum<ObservedState>(configurationBuilder);
        ConfigureEnum<Role>(configurationBuilder);
        ConfigureEnum<ShutdownBehavior>(configurationBuilder);
    }

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Account>().HasIndex(a => a.Name).IsUnique();

        modelBuilder.Entity<ApiToken>(token =>
        {
            token.HasIndex(t => t.Hash).IsUnique();
            token.HasOne<Account>().WithMany().HasForeignKey(t => t.AccountId).OnDelete(DeleteBehavior.Restrict);
        });

        modelBuilder.Entity<ClientRequest>().HasKey(r => new { r.AccountId, r.Token });
        modelBuilder.Entity<ClientRequest>().HasIndex(r => r.CreatedAt);

        modelBuilder.Entity<Host>().HasKey(h => h.Name);

        modelBuilder.Entity<Image>(image =>
        {
            // Two indexes, because neither database takes two nulls for equal.
            image.HasIndex(i => new { i.AccountId, i.Name }).IsUnique();
            image.HasIndex(i => i.Name).IsUnique().HasFilter("account_id is null");
            image.OwnsOne(i => i.Kernel);
            image.OwnsOne(i => i.Initramfs);
        });

        modelBuilder.Entity<Instance>(instance =>
        {
            instance.Ignore(i => i.State);
            instance.Property(i => i.Observed).HasColumnName("state");
            instance.Property(i => i.ReasonCode).HasColumnName("state_reason_code");
            instance.Property(i => i.ReasonMessage).HasColumnName("state_reason_message");
            // For rows of before the column; DatabaseMigrator settles those that are not.
            instance.Property(i => i.IsActive).HasDefaultValue(true);
            // The fence: a host that lost the instance matches no row.
            instance.Property(i => i.Host).IsConcurrencyToken();
            instance.Property(i => i.HostEpoch).IsConcurrencyToken();
            instance.HasIndex(i => new { i.AccountId, i.CreatedAt, i.Id });
            instance.HasIndex(i => new { i.AccountId, i.ClientToken });
            // Partial: SQLite takes a bare boolean for no condition on a column, but recognises it as an index's own.
            instance.HasIndex(i => i.Host).HasFilter("is_active");
            instance.HasIndex(i => new { i.AccountId, i.CreatedAt, i.Id }, "ix_instances_active").HasFilter("is_active");
            instance.HasIndex(i => i.TerminatedAt).HasFilter("terminated_at is not null");
            instance.HasOne<Account>().WithMany().HasForeignKey(i => i.AccountId).OnDelete(DeleteBehavior.Restrict);
            instance.HasOne<Image>().WithMany().HasForeignKey(i => i.ImageId).OnDelete(DeleteBehavior.Restrict);
            instance.HasMany(i => i.Tags).WithOne().HasForeignKey(t => t.InstanceId).OnDelete(DeleteBehavior.Cascade);
        });

        modelBuilder.Entity<InstanceTag>(tag =>
        {
            tag.ToTable("instance_tags").HasKey(t => new { t.InstanceId, t.Key });
            tag.HasIndex(t => new { t.Key, t.Value });
        });

        modelBuilder.Entity<InstanceTransition>(transition =>
        {
            transition.HasKey(t => new { t.InstanceId, t.Sequence });
            transition.HasOne<Instance>().WithMany().HasForeignKey(t => t.InstanceId).OnDelete(DeleteBehavior.Cascade);
        });

        modelBuilder.Entity<InstanceUserData>(data =>
        {
            data.HasKey(d => d.InstanceId);
            data.HasOne<Instance>().WithOne().HasForeignKey<InstanceUserData>(d => d.InstanceId).OnDelete(DeleteBehavior.Cascade);
        });

        modelBuilder.Entity<SharedSecret>().HasKey(s => s.Name);

        foreach (IMutableEntityType entity in modelBuilder.Model.GetEntityTypes())
        {
            if (!entity.IsOwned()) entity.SetTableName(SnakeCase(entity.GetTableName()!));
            foreach (IMutableProperty property in entity.GetProperties())
            {
                // The columns of an owned type carry its name, except the key that it shares with its owner.
                string owner = entity.IsOwned() && !property.IsPrimaryKey() ? entity.FindOwnership()!.PrincipalToDependent!.Name : "";
                bool isNamed = property.FindAnnotation(RelationalAnnotationNames.ColumnName) is not null;
                if (!isNamed) property.SetColumnName(SnakeCase(owner + (property.IsPrimaryKey() && entity.IsOwned() ? "Id" : property.Name)));
                if (property.Name == nameof(IVersioned.Version)) property.IsConcurrencyToken = true;
                ConfigureProperty(property);
            }
        }
    }

    /// <summary>What this database needs for a column to sort and compare as on the other.</summary>
    protected virtual void ConfigureProperty(IMutableProperty property)
    {
    }

    private static void ConfigureEnum<T>(ModelConfigurationBuilder builder)
        where T : struct, Enum =>
        builder.Properties<T>().HaveConversion<EnumTextConverter<T>>().HaveMaxLength(32);

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    private sealed class AccountIdConverter() : ValueConverter<AccountId, string>(id => id.Value, text => AccountId.Parse(text));
}
