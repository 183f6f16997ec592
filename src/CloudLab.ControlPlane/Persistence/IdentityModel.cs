using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Quotas;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Accounts and what belongs to them: with an account or a user go its tokens and keys.</summary>
internal static class IdentityModel
{
    public static void Configure(ModelBuilder model)
    {
        model.Entity<Account>(account =>
        {
            account.HasIndex(a => a.Name).IsUnique();
            // Rows of a version before have none until the data upgrade.
            account.HasIndex(a => a.CanonicalUserId).IsUnique().HasFilter("canonical_user_id <> ''");
            account.Property(a => a.CanonicalUserId).HasMaxLength(CanonicalUserId.MaxLength);
        });

        model.Entity<User>(user =>
        {
            user.HasIndex(u => new { u.AccountId, u.Name }).IsUnique();
            user.HasOne<Account>().WithMany().HasForeignKey(u => u.AccountId).OnDelete(DeleteBehavior.Cascade);
        });

        model.Entity<ApiToken>(token =>
        {
            token.HasIndex(t => t.Hash).IsUnique();
            token.HasIndex(t => new { t.AccountId, t.CreatedAt, t.Id });
            token.HasOne<Account>().WithMany().HasForeignKey(t => t.AccountId).OnDelete(DeleteBehavior.Cascade);
            token.HasOne<User>().WithMany().HasForeignKey(t => t.UserId).OnDelete(DeleteBehavior.Cascade);
        });

        model.Entity<AccessKey>(key =>
        {
            key.HasIndex(k => new { k.AccountId, k.CreatedAt, k.Id });
            key.HasOne<Account>().WithMany().HasForeignKey(k => k.AccountId).OnDelete(DeleteBehavior.Cascade);
            key.HasOne<User>().WithMany().HasForeignKey(k => k.UserId).OnDelete(DeleteBehavior.Cascade);
        });

        model.Entity<Quota>(quota =>
        {
            quota.HasKey(q => new { q.AccountId, q.Name });
            quota.HasOne<Account>().WithMany().HasForeignKey(q => q.AccountId).OnDelete(DeleteBehavior.Cascade);
        });
    }
}
