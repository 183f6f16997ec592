using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>The users of an account. Each change counts from its commit on, for the tokens and keys there are as well.</summary>
public sealed class UserService(IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time)
{
    /// <summary>What the first administrator of an account is called.</summary>
    public const string AdminName = "admin";

    /// <summary>How many users an account has at most: as in AWS.</summary>
    public const int MaxPerAccount = 5000;

    /// <summary>Makes a user.</summary>
    /// <param name="account">The account.</param>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="name">Unique in the account; 1 to 64 letters, digits and <c>-_.+=,@</c>.</param>
    /// <param name="role">The most that it may do.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The user. Errors: InvalidParameter, NameInUse, Forbidden, QuotaExceeded.</returns>
    public async Task<Result<UserDetails>> CreateAsync(
        AccountId account, Caller? by, string name, Role role, CancellationToken cancellationToken)
    {
        if (IdentityNames.Check(name) is { } invalid) return invalid;
        if (by is not null && role > by.Role)
            return new CloudLabError(ErrorCode.Forbidden, $"role {EnumText.Of(role)} is more than the token in use has");
        return await contexts.WriteAsync<Result<UserDetails>>(
            async (db, ct) =>
            {
                if (await db.Users.AnyAsync(u => u.AccountId == account && u.Name == name, ct).ConfigureAwait(false))
                    return new CloudLabError(ErrorCode.NameInUse, $"there is a user {name} already");
                if (await db.Users.CountAsync(u => u.AccountId == account, ct).ConfigureAwait(false) >= MaxPerAccount)
                    return new CloudLabError(ErrorCode.QuotaExceeded, $"the account has {MaxPerAccount} users, which is the most");
                var user = new User(account, name, role, time.GetUtcMicroseconds());
                db.Users.Add(user);
                return UserDetails.Of(user);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One user.</summary>
    /// <returns>The user. Errors: UserNotFound.</returns>
    public Task<Result<UserDetails>> GetAsync(AccountId account, UserId id, CancellationToken cancellationToken) =>
        FindAsync(contexts, db => db.Users.Where(u => u.AccountId == account && u.Id == id), NotFound(id), cancellationToken);

    /// <summary>The user of that name.</summary>
    /// <returns>The user. Errors: UserNotFound.</returns>
    public Task<Result<UserDetails>> GetByNameAsync(AccountId account, string name, CancellationToken cancellationToken) =>
        FindAsync(
            contexts,
            db => db.Users.Where(u => u.AccountId == account && u.Name == name),
            new CloudLabError(ErrorCode.UserNotFound, "there is no user of that name"),
            cancellationToken);

    /// <summary>One page of users, newest first.</summary>
    /// <returns>The page. Errors: InvalidParameter.</returns>
    public async Task<Result<Page<UserDetails>>> ListAsync(AccountId account, PageRequest page, CancellationToken cancellationToken)
    {
        (NewestFirstCursor? after, CloudLabError? error) = page.Parse();
        UserId afterId = default;
        if (error is not null || (after is not null && !UserId.TryParse(after.Value.Id, out afterId)))
            return error ?? new CloudLabError(ErrorCode.InvalidParameter, "the token of the next page is of another list");
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        IQueryable<User> rows = db.Users.AsNoTracking().Where(u => u.AccountId == account);
        if (after is { CreatedAt: var createdAt })
            rows = rows.Where(u => u.CreatedAt < createdAt || (u.CreatedAt == createdAt && u.Id < afterId));
        List<UserDetails> items = await rows
            .OrderByDescending(u => u.CreatedAt)
            .ThenByDescending(u => u.Id)
            .Take(page.Size + 1)
            .Select(UserDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return page.Cut(items, u => new NewestFirstCursor(u.CreatedAt, u.Id.Value));
    }

    /// <summary>Changes a user. Nobody changes itself, so that an account is not left without an administrator by mistake.</summary>
    /// <returns>The user. Errors: UserNotFound, Forbidden.</returns>
    public Task<Result<UserDetails>> ChangeAsync(
        AccountId account, Caller? by, UserId id, UserChange change, CancellationToken cancellationToken) =>
        contexts.WriteAsync<Result<UserDetails>>(
            async (db, ct) =>
            {
                User? user = await db.Users.SingleOrDefaultAsync(u => u.AccountId == account && u.Id == id, ct).ConfigureAwait(false);
                if (user is null) return NotFound(id);
                if (user.Id == by?.UserId) return Itself;
                if (by is not null && (user.Role > by.Role || change.Role > by.Role))
                    return new CloudLabError(ErrorCode.Forbidden, "the user's role is more than the token in use has");
                if (change.Role is { } role) user.SetRole(role);
                if (change.Disabled is { } disabled) user.SetDisabled(disabled, time.GetUtcMicroseconds());
                return UserDetails.Of(user);
            },
            cancellationToken);

    /// <summary>Removes a user with its tokens and keys. What it made stays: it is the account's.</summary>
    /// <returns>The user that was. Errors: UserNotFound, Forbidden.</returns>
    public Task<Result<UserDetails>> DeleteAsync(AccountId account, Caller? by, UserId id, CancellationToken cancellationToken) =>
        contexts.WriteAsync<Result<UserDetails>>(
            async (db, ct) =>
            {
                User? user = await db.Users.SingleOrDefaultAsync(u => u.AccountId == account && u.Id == id, ct).ConfigureAwait(false);
                if (user is null) return NotFound(id);
                if (user.Id == by?.UserId) return Itself;
                db.Users.Remove(user);
                return UserDetails.Of(user);
            },
            cancellationToken);

    internal static CloudLabError NotFound(UserId id) => new(ErrorCode.UserNotFound, $"there is no user {id}");

    private static CloudLabError Itself => new(ErrorCode.Forbidden, "users do not change or remove themselves; another administrator can");

    private static async Task<Result<UserDetails>> FindAsync(
        IDbContextFactory<CloudLabDbContext> contexts,
        Func<CloudLabDbContext, IQueryable<User>> query,
        CloudLabError notFound,
        CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        UserDetails? found = await query(db).AsNoTracking().Select(UserDetails.Projection)
            .SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return found is null ? notFound : found;
    }
}
