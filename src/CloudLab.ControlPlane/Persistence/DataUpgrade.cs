using CloudLab.ControlPlane.Identity;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>
/// Brings rows of earlier versions to what this one expects: what the generated migrations, which know shapes only, cannot.
/// Written by hand, runs after them under the same lock, at every start; each step does nothing where it has been done.
/// </summary>
internal static class DataUpgrade
{
    public static async Task RunAsync(CloudLabDbContext db, CancellationToken cancellationToken)
    {
        await using WriteScope scope = await db.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        // Before anything reads a role: the converter takes no other text.
        await db.Database.ExecuteSqlRawAsync("update api_tokens set role = 'viewer' where role = 'reader'", cancellationToken).ConfigureAwait(false);
        await NameManagementAccountAsync(db, cancellationToken).ConfigureAwait(false);
        await GiveTokensUsersAsync(db, cancellationToken).ConfigureAwait(false);
        await db.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        await scope.CommitAsync().ConfigureAwait(false);
    }

    /// <summary>Before accounts had a canonical user id there was one account, the default one.</summary>
    private static async Task NameManagementAccountAsync(CloudLabDbContext db, CancellationToken cancellationToken)
    {
        List<AccountId> nameless = await db.Accounts
            .Where(a => a.CanonicalUserId == "")
            .OrderBy(a => a.CreatedAt)
            .Select(a => a.Id)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        foreach (AccountId id in nameless)
        {
            bool isFirst = !await db.Accounts.AnyAsync(a => a.IsManagement, cancellationToken).ConfigureAwait(false);
            string canonicalId = CanonicalUserId.New();
            await db.Accounts.Where(a => a.Id == id)
                .ExecuteUpdateAsync(
                    set => set.SetProperty(a => a.CanonicalUserId, canonicalId).SetProperty(a => a.IsManagement, isFirst), cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Before users, tokens belonged to accounts: the account's user <c>admin</c> takes them over, each with its own role.</summary>
    private static async Task GiveTokensUsersAsync(CloudLabDbContext db, CancellationToken cancellationToken)
    {
        var accounts = await db.ApiTokens
            .Where(t => t.UserId == null)
            .GroupBy(t => t.AccountId)
            .Select(tokens => new { Id = tokens.Key, Since = tokens.Min(t => t.CreatedAt) })
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        foreach (var account in accounts)
        {
            User? admin = await db.Users
                .SingleOrDefaultAsync(u => u.AccountId == account.Id && u.Name == UserService.AdminName, cancellationToken)
                .ConfigureAwait(false);
            if (admin is null)
            {
                admin = new User(account.Id, UserService.AdminName, Role.Admin, account.Since);
                db.Users.Add(admin);
                await db.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
            }

            UserId user = admin.Id;
            await db.ApiTokens.Where(t => t.AccountId == account.Id && t.UserId == null)
                .ExecuteUpdateAsync(set => set.SetProperty(t => t.UserId, user), cancellationToken)
                .ConfigureAwait(false);
        }
    }
}
