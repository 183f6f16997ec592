using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>Accounts. The first is made at first start and manages the others.</summary>
public sealed class AccountService(IDbContextFactory<CloudLabDbContext> contexts, QuotaService quotas, TimeProvider time)
{
    private const string DefaultName = "default";

    internal static CloudLabError Suspended => new(ErrorCode.AccountSuspended, "the account is suspended");

    /// <summary>The management account, which is made when it is not there.</summary>
    public Task<Account> EnsureDefaultAsync(CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                Account? account = await db.Accounts.SingleOrDefaultAsync(a => a.IsManagement, ct).ConfigureAwait(false);
                if (account is null)
                {
                    account = new Account(DefaultName, CanonicalUserId.New(), isManagement: true, time.GetUtcMicroseconds());
                    db.Accounts.Add(account);
                }

                return account;
            },
            cancellationToken);

    /// <summary>
    /// Makes an account with an administrator and a token for it. Where the token is imported, to ask for the same again
    /// changes nothing.
    /// </summary>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The account. Errors: InvalidParameter, NameInUse.</returns>
    public async Task<Result<NewAccount>> CreateAsync(Caller? by, CreateAccount request, CancellationToken cancellationToken)
    {
        if ((IdentityNames.Check(request.Name) ?? IdentityNames.Check(request.AdminName)) is { } invalid) return invalid;
        if (request.CanonicalUserId is { } given && !CanonicalUserId.IsWellFormed(given))
            return new CloudLabError(ErrorCode.InvalidParameter, $"a canonical user id has 1 to {CanonicalUserId.MaxLength} letters, digits and -_.$");
        string canonicalId = request.CanonicalUserId ?? CanonicalUserId.New();
        if (TokenService.CheckSecret(request.AdminToken) is { } malformed) return malformed;
        string secret = request.AdminToken ?? TokenService.GenerateSecret();
        return await contexts.WriteAsync<Result<NewAccount>>(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                if (await db.Accounts.SingleOrDefaultAsync(a => a.Name == request.Name, ct).ConfigureAwait(false) is { } same)
                {
                    return await FindRepeatedAsync(db, same, request, now, ct).ConfigureAwait(false) is { } repeated
                        ? repeated
                        : new CloudLabError(ErrorCode.NameInUse, $"there is an account {request.Name} already");
                }

                if (await TokenService.IsKnownAsync(db, secret, ct).ConfigureAwait(false)) return TokenService.InUse;
                if (await db.Accounts.AnyAsync(a => a.CanonicalUserId == canonicalId, ct).ConfigureAwait(false))
                    return new CloudLabError(ErrorCode.NameInUse, "another account has this canonical user id");
                var account = new Account(request.Name, canonicalId, isManagement: false, now);
                var admin = new User(account.Id, request.AdminName, Role.Admin, now);
                db.Accounts.Add(account);
                db.Users.Add(admin);
                NewToken token = TokenService.Add(db, admin, UserService.AdminName, Role.Admin, secret, now, by?.ExpiresAt);
                return new NewAccount(AccountDetails.Of(account), UserDetails.Of(admin), token);
            },
            cancellationToken).ConfigureAwait(false);
    }

    // What was made when the same was asked for before; only an imported token can be recognised.
    private static async Task<NewAccount?> FindRepeatedAsync(
        CloudLabDbContext db, Account account, CreateAccount request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (request.AdminToken is not { } secret) return null;
        if (request.CanonicalUserId is { } canonicalId && canonicalId != account.CanonicalUserId) return null;
        User? admin = await db.Users
            .SingleOrDefaultAsync(u => u.AccountId == account.Id && u.Name == request.AdminName, cancellationToken)
            .ConfigureAwait(false);
        if (admin is null) return null;
        return await TokenService.FindValidAsync(db, admin, secret, now, cancellationToken).ConfigureAwait(false) is { } token
            ? new NewAccount(AccountDetails.Of(account), UserDetails.Of(admin), new NewToken(TokenDetails.Of(token), secret))
            : null;
    }

    /// <summary>One account.</summary>
    /// <returns>The account. Errors: AccountNotFound.</returns>
    public Task<Result<AccountDetails>> GetAsync(AccountId id, CancellationToken cancellationToken) =>
        FindAsync(db => db.Accounts.Where(a => a.Id == id), NotFound(id), cancellationToken);

    /// <summary>The account of that name.</summary>
    /// <returns>The account. Errors: AccountNotFound.</returns>
    public Task<Result<AccountDetails>> GetByNameAsync(string name, CancellationToken cancellationToken) =>
        FindAsync(
            db => db.Accounts.Where(a => a.Name == name),
            new CloudLabError(ErrorCode.AccountNotFound, "there is no account of that name"),
            cancellationToken);

    /// <summary>The account that S3's owners and grants call so.</summary>
    /// <returns>The account. Errors: AccountNotFound.</returns>
    public Task<Result<AccountDetails>> GetByCanonicalUserIdAsync(string canonicalUserId, CancellationToken cancellationToken) =>
        FindAsync(
            db => db.Accounts.Where(a => a.CanonicalUserId == canonicalUserId),
            new CloudLabError(ErrorCode.AccountNotFound, "there is no account of that canonical user id"),
            cancellationToken);

    /// <summary>One page of accounts, newest first.</summary>
    /// <returns>The page. Errors: InvalidParameter.</returns>
    public async Task<Result<Page<AccountDetails>>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        (NewestFirstCursor? after, CloudLabError? error) = page.Parse();
        AccountId afterId = default;
        if (error is not null || (after is not null && !AccountId.TryParse(after.Value.Id, out afterId)))
            return error ?? new CloudLabError(ErrorCode.InvalidParameter, "the token of the next page is of another list");
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        IQueryable<Account> rows = db.Accounts.AsNoTracking();
        if (after is { CreatedAt: var createdAt })
            rows = rows.Where(a => a.CreatedAt < createdAt || (a.CreatedAt == createdAt && a.Id < afterId));
        List<AccountDetails> items = await rows
            .OrderByDescending(a => a.CreatedAt)
            .ThenByDescending(a => a.Id)
            .Take(page.Size + 1)
            .Select(AccountDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return page.Cut(items, a => new NewestFirstCursor(a.CreatedAt, a.Id.Value));
    }

    /// <summary>Refuses the account's tokens and keys from the commit on. What runs goes on. Nothing when it is suspended already.</summary>
    /// <returns>The account. Errors: AccountNotFound, Forbidden for the management account.</returns>
    public Task<Result<AccountDetails>> SuspendAsync(AccountId id, CancellationToken cancellationToken) =>
        ChangeAsync(id, (account, now) => account.Suspend(now), cancellationToken);

    /// <summary>Ends a suspension. Nothing when there is none.</summary>
    /// <returns>The account. Errors: AccountNotFound, Forbidden for the management account.</returns>
    public Task<Result<AccountDetails>> ResumeAsync(AccountId id, CancellationToken cancellationToken) =>
        ChangeAsync(id, (account, _) => account.Resume(), cancellationToken);

    /// <summary>Removes an account that has nothing left, with its users, tokens and keys.</summary>
    /// <returns>The account that was. Errors: AccountNotFound, AccountNotEmpty, Forbidden for the management account.</returns>
    public Task<Result<AccountDetails>> DeleteAsync(AccountId id, CancellationToken cancellationToken) =>
        contexts.WriteAsync<Result<AccountDetails>>(
            async (db, ct) =>
            {
                await db.LockAccountAsync(id, ct).ConfigureAwait(false);
                Account? account = await db.Accounts.SingleOrDefaultAsync(a => a.Id == id, ct).ConfigureAwait(false);
                if (account is null) return NotFound(id);
                if (account.IsManagement) return Management;
                if (await quotas.FindUsedAsync(db, id, ct).ConfigureAwait(false) is { } used)
                    return new CloudLabError(ErrorCode.AccountNotEmpty, $"the account still has {used}");
                if (await db.Images.AnyAsync(i => i.AccountId == id, ct).ConfigureAwait(false))
                    return new CloudLabError(ErrorCode.AccountNotEmpty, "the account still has images that are being removed");
                // Instances that ended are shown for a while, but keep nothing alive.
                await db.Instances.Where(i => i.AccountId == id).ExecuteDeleteAsync(ct).ConfigureAwait(false);
                await db.ClientRequests.Where(r => r.AccountId == id).ExecuteDeleteAsync(ct).ConfigureAwait(false);
                db.Accounts.Remove(account);
                return AccountDetails.Of(account);
            },
            cancellationToken);

    /// <summary>The answer for an id that is no account's.</summary>
    public static CloudLabError NotFound(AccountId id) => new(ErrorCode.AccountNotFound, $"there is no account {id}");

    private static CloudLabError Management =>
        new(ErrorCode.Forbidden, "the management account is neither suspended nor deleted");

    private Task<Result<AccountDetails>> ChangeAsync(
        AccountId id, Action<Account, DateTimeOffset> change, CancellationToken cancellationToken) =>
        contexts.WriteAsync<Result<AccountDetails>>(
            async (db, ct) =>
            {
                Account? account = await db.Accounts.SingleOrDefaultAsync(a => a.Id == id, ct).ConfigureAwait(false);
                if (account is null) return NotFound(id);
                if (account.IsManagement) return Management;
                change(account, time.GetUtcMicroseconds());
                return AccountDetails.Of(account);
            },
            cancellationToken);

    private async Task<Result<AccountDetails>> FindAsync(
        Func<CloudLabDbContext, IQueryable<Account>> query, CloudLabError notFound, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        AccountDetails? found = await query(db).AsNoTracking().Select(AccountDetails.Projection)
            .SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return found is null ? notFound : found;
    }
}
