using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>Accounts. There is one so far, made at first start.</summary>
public sealed class AccountService(IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time)
{
    private const string DefaultName = "default";

    /// <summary>The default account, which is made when it is not there.</summary>
    public Task<Account> EnsureDefaultAsync(CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                Account? account = await db.Accounts.SingleOrDefaultAsync(a => a.Name == DefaultName, ct).ConfigureAwait(false);
                if (account is null)
                {
                    account = new Account(AccountId.New(), DefaultName, time.GetUtcMicroseconds());
                    db.Accounts.Add(account);
                }

                return account;
            },
            cancellationToken);
}
