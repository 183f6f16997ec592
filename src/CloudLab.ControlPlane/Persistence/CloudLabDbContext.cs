using System.Globalization;
using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Quotas;
using CloudLab.ControlPlane.Webhooks;
using CloudLab.Machine;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
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
    public DbSet<AccessKey> AccessKeys => Set<AccessKey>();

    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();

    public DbSet<ClientRequest> ClientRequests => Set<ClientRequest>();

    public DbSet<Event> Events => Set<Event>();

    public DbSet<Host> Hosts => Set<Host>();

    public DbSet<Image> Images => Set<Image>();

    public DbSet<Instance> Instances => Set<Instance>();

    public DbSet<InstanceTransition> InstanceTransitions => Set<InstanceTransition>();

    public DbSet<InstanceUserData> InstanceUserData => Set<InstanceUserData>();

    public DbSet<Quota> Quotas => Set<Quota>();

    public DbSet<User> Users => Set<User>();

    public DbSet<Webhook> Webhooks => Set<Webhook>();

    /// <summary>Starts a write transaction; on SQLite it waits for its turn first.</summary>
    public abstract Task<WriteScope> BeginWriteAsync(CancellationToken cancellationToken);

    /// <summary>Appended to a subselect of a set-based update that claims rows: rows that another host claims are passed over.</summary>
    internal abstract string SkipLocked { get; }

    /// <summary>Appended to a select of rows that the transaction is about to decide on: other writers of them wait for its end.</summary>
    internal abstract string LockRows { get; }

    /// <summary>Makes other writes that decide on the account wait for the end of this transaction.</summary>
    /// <returns>False when there is no such account.</returns>
    internal async Task<bool> LockAccountAsync(AccountId account, CancellationToken cancellationToken)
    {
        string statement = $$"""select 1 as "Value" from accounts where id = {0} {{LockRows}}""";
        List<int> found = await Database
            .SqlQueryRaw<int>(statement, account.Value)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return found.Count > 0;
    }

    /// <summary>The id of the transaction that adds a row, as the default of a column.</summary>
    internal abstract string TransactionIdSql { get; }

    /// <summary>The condition of an event that another database than this one wrote: its transaction's id cannot be one of ours.</summary>
    internal abstract string IsForeignEventSql { get; }

    /// <summary>Events of transactions from this id on may still become visible: see <see cref="Event"/>.</summary>
    internal abstract Task<long> ReadEventWatermarkAsync(CancellationToken cancellationToken);

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
        configurationBuilder.Properties<WebhookId>().HaveConversion<ResourceIdConverter<WebhookId>>().HaveMaxLength(21);
        configurationBuilder.Properties<TokenId>().HaveConversion<ResourceIdConverter<TokenId>>().HaveMaxLength(21);
        configurationBuilder.Properties<UserId>().HaveConversion<ResourceIdConverter<UserId>>().HaveMaxLength(21);
        configurationBuilder.Properties<AccessKeyId>().HaveConversion<AccessKeyIdConverter>().HaveMaxLength(AccessKeyId.MaxLength);
        configurationBuilder.Properties<AccountId>().HaveConversion<AccountIdConverter>().HaveMaxLength(12);
        ConfigureEnum<Architecture>(configurationBuilder);
        ConfigureEnum<CheckStatus>(configurationBuilder);
        ConfigureEnum<DesiredState>(configurationBuilder);
        ConfigureEnum<EventOutcome>(configurationBuilder);
        ConfigureEnum<InstanceState>(configurationBuilder);
        ConfigureEnum<ImageState>(configurationBuilder);
        ConfigureEnum<ObservedState>(configurationBuilder);
        ConfigureEnum<QuotaName>(configurationBuilder);
        ConfigureEnum<Role>(configurationBuilder);
        ConfigureEnum<ShutdownBehavior>(configurationBuilder);
        ConfigureEnum<StartMode>(configurationBuilder);
        ConfigureEnum<WebhookState>(configurationBuilder);
    }

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        IdentityModel.Configure(modelBuilder);

        modelBuilder.Entity<ClientRequest>().HasKey(r => new { r.AccountId, r.Token });
        modelBuilder.Entity<ClientRequest>().HasIndex(r => r.CreatedAt);

        modelBuilder.Entity<Host>().HasKey(h => h.Name);

        modelBuilder.Entity<Event>(row =>
        {
            row.HasKey(e => e.Sequence);
            row.Property(e => e.Sequence).ValueGeneratedOnAdd();
            row.Property(e => e.TransactionId).HasDefaultValueSql(TransactionIdSql);
            row.Property(e => e.Details).HasMaxLength(Event.MaxDetailsLength);
            row.HasIndex(e => new { e.AccountId, e.Sequence });
            row.HasIndex(e => new { e.AccountId, e.ResourceId, e.Sequence });
            row.HasIndex(e => new { e.TransactionId, e.Sequence });
            row.HasIndex(e => e.At);
        });

        modelBuilder.Entity<Image>(image =>
        {
            // Built-in images answer to their names, so these are unique; an account's own are labels.
            image.HasIndex(i => new { i.AccountId, i.Name });
            image.HasIndex(i => i.Name).IsUnique().HasFilter("account_id is null");
            image.HasIndex(i => new { i.AccountId, i.ClientToken });
            // Also that of rows from before there were modes.
            image.Property(i => i.StartMode).HasDefaultValue(StartMode.Supervisor);
            image.OwnsOne(i => i.Kernel);
            image.OwnsOne(i => i.Firmware);
            image.OwnsOne(i => i.Initramfs);
            image.Ignore(i => i.Files);
            image.HasOne<Account>().WithMany().HasForeignKey(i => i.AccountId).OnDelete(DeleteBehavior.Restrict);
            image.HasMany(i => i.Tags).WithOne().HasForeignKey(t => t.ImageId).OnDelete(DeleteBehavior.Cascade);
            image.HasMany(i => i.Permissions).WithOne().HasForeignKey(p => p.ImageId).OnDelete(DeleteBehavior.Cascade);
        });

        modelBuilder.Entity<ImageTag>().ToTable("image_tags").HasKey(t => new { t.ImageId, t.Key });
        modelBuilder.Entity<ImagePermission>(permission =>
        {
            permission.ToTable("image_permissions").HasKey(p => new { p.ImageId, p.AccountId });
            permission.HasIndex(p => p.AccountId);
        });

        modelBuilder.Entity<Instance>(instance =>
        {
            instance.Ignore(i => i.State);
            instance.Property(i => i.Observed).HasColumnName("state");
            instance.Property(i => i.ReasonCode).HasColumnName("state_reason_code");
            instance.Property(i => i.ReasonMessage).HasColumnName("state_reason_message");
            // One text on both databases: sizes in bytes.
            instance.Property(i => i.ScratchDisks).HasConversion(
                sizes => string.Join(',', sizes),
                text => text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(size => long.Parse(size, CultureInfo.InvariantCulture)).ToList(),
                new ValueComparer<List<long>>(
                    (left, right) => left!.SequenceEqual(right!), sizes => sizes.Count, sizes => sizes.ToList()));
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

        modelBuilder.Entity<Webhook>(webhook =>
        {
            webhook.Ignore(w => w.Cursor);
            // One text; an action has no comma.
            webhook.Property(w => w.Actions).HasConversion(
                actions => string.Join(',', actions),
                text => text.Split(',', StringSplitOptions.RemoveEmptyEntries).ToList(),
                new ValueComparer<List<string>>(
                    (left, right) => left!.SequenceEqual(right!), actions => actions.Count, actions => actions.ToList()));
            webhook.HasIndex(w => w.AccountId);
            webhook.HasIndex(w => new { w.State, w.NextAttemptAt });
            webhook.HasOne<Account>().WithMany().HasForeignKey(w => w.AccountId).OnDelete(DeleteBehavior.Cascade);
        });

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

    private sealed class AccessKeyIdConverter() : ValueConverter<AccessKeyId, string>(id => id.Value, text => AccessKeyId.Parse(text));

    private sealed class AccountIdConverter() : ValueConverter<AccountId, string>(id => id.Value, text => AccountId.Parse(text));
}
