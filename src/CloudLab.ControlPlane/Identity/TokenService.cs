using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>API tokens: 256 random bits of which only a hash is stored.</summary>
/// <remarks>Each verification reads the database, so what is revoked is refused at once on every host. Any thread.</remarks>
public sealed class TokenService(IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time, LastUse lastUse)
{
    /// <summary>The shortest secret that <see cref="EnsureAdminAsync"/> takes: 128 bits as hexadecimal digits.</summary>
    public const int MinSecretLength = 32;

    /// <summary>The longest text that is looked at as a token.</summary>
    public const int MaxSecretLength = 256;

    /// <summary>How many tokens that are not revoked a user has at most.</summary>
    public const int MaxPerUser = 1000;

    private const string Prefix = "cloudlab_";

    // Compiled, because every request asks. Per service: a compiled query belongs to one database's model.
    private readonly Func<CloudLabDbContext, byte[], CancellationToken, Task<TokenRow?>> _byHash = EF.CompileAsyncQuery(
        (CloudLabDbContext db, byte[] hash, CancellationToken _) => db.ApiTokens
            .Where(t => t.Hash == hash)
            .Join(db.Users, t => t.UserId, u => u.Id, (Token, User) => new { Token, User })
            .Join(db.Accounts, row => row.Token.AccountId, a => a.Id, (row, account) => new TokenRow
            {
                Id = row.Token.Id,
                Hash = row.Token.Hash,
                Role = row.Token.Role,
                ExpiresAt = row.Token.ExpiresAt,
                RevokedAt = row.Token.RevokedAt,
                UserId = row.User.Id,
                UserName = row.User.Name,
                UserRole = row.User.Role,
                DisabledAt = row.User.DisabledAt,
                AccountId = account.Id,
                AccountName = account.Name,
                IsManagement = account.IsManagement,
                SuspendedAt = account.SuspendedAt,
            })
            .SingleOrDefault());

    private static readonly string WellFormed =
        $"a token has {MinSecretLength} to {MaxSecretLength} printable ASCII characters without spaces";

    internal static CloudLabError InUse => new(ErrorCode.NameInUse, "this token is or was another's, or may do something else");

    private static CloudLabError Invalid => new(ErrorCode.InvalidToken, "the token is unknown, expired or revoked");

    /// <summary>A new secret: 256 random bits as base64url after a prefix that secret scanners can find.</summary>
    public static string GenerateSecret() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>
    /// Makes a token, or imports one. It can do no more, and not for longer, than who asks. To import the same token for the
    /// same user again changes nothing.
    /// </summary>
    /// <param name="account">The user's account.</param>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The token. Errors: InvalidParameter, UserNotFound, Forbidden, NameInUse, QuotaExceeded.</returns>
    public async Task<Result<NewToken>> CreateAsync(AccountId account, Caller? by, CreateToken request, CancellationToken cancellationToken)
    {
        if ((IdentityNames.CheckTokenName(request.Name) ?? CheckSecret(request.Secret)) is { } invalid) return invalid;
        string secret = request.Secret ?? GenerateSecret();
        byte[] hash = Hash(secret);
        return await contexts.WriteAsync<Result<NewToken>>(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                Result<Delegation> delegation =
                    await Delegation.CheckAsync(db, account, by, request.User, request.Role, request.ExpiresAt, now, ct).ConfigureAwait(false);
                if (!delegation.IsOk) return delegation.Error;
                (User user, Role role, DateTimeOffset? expiresAt) = delegation.Value;
                if (await db.ApiTokens.SingleOrDefaultAsync(t => t.Hash == hash, ct).ConfigureAwait(false) is { } same)
                {
                    bool isRepeated = same.UserId == user.Id && same.Role == role && same.RevokedAt is null && !(same.ExpiresAt <= now);
                    return isRepeated ? new NewToken(TokenDetails.Of(same), secret) : InUse;
                }

                int valid = await db.ApiTokens
                    .CountAsync(t => t.UserId == user.Id && t.RevokedAt == null && (t.ExpiresAt == null || t.ExpiresAt > now), ct)
                    .ConfigureAwait(false);
                if (valid >= MaxPerUser)
                    return new CloudLabError(ErrorCode.QuotaExceeded, $"user {user.Name} has {MaxPerUser} tokens, which is the most; revoke one");
                return Add(db, user, request.Name, role, secret, now, expiresAt);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes <paramref name="secret"/> the one token of the account's user <c>admin</c> that goes by this name; one it
    /// replaces is revoked. The user is made, or enabled and made an administrator again: who has the machine has the account.
    /// </summary>
    /// <exception cref="ArgumentException">The secret is shorter than <see cref="MinSecretLength"/>, too long, or not printable ASCII.</exception>
    public Task EnsureAdminAsync(AccountId account, string secret, CancellationToken cancellationToken)
    {
        if (!IsWellFormed(secret))
        {
            throw new ArgumentException(WellFormed, nameof(secret));
        }

        byte[] hash = Hash(secret);
        return contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                User admin = await EnsureAdminUserAsync(db, account, now, ct).ConfigureAwait(false);
                List<ApiToken> tokens = await db.ApiTokens
                    .Where(t => t.Hash == hash || (t.UserId == admin.Id && t.Name == UserService.AdminName && t.RevokedAt == null))
                    .ToListAsync(ct)
                    .ConfigureAwait(false);
                ApiToken? same = tokens.Find(t => t.Hash.AsSpan().SequenceEqual(hash));
                if (same is null) db.ApiTokens.Add(new ApiToken(admin, UserService.AdminName, Role.Admin, hash, now, expiresAt: null));
                same?.Reinstate(admin);
                foreach (ApiToken other in tokens)
                    if (other != same)
                        other.Revoke(now);
                return account;
            },
            cancellationToken);
    }

    /// <summary>Who holds this token.</summary>
    /// <returns>The caller. Errors: InvalidToken, whatever is wrong with it; AccountSuspended for a token that else is right.</returns>
    /// <remarks>
    /// The row is looked up by hash: timing could at most tell of a hash, not of a token that has it. The comparison
    /// after that takes constant time.
    /// </remarks>
    public async Task<Result<Caller>> VerifyAsync(string? secret, CancellationToken cancellationToken)
    {
        if (secret is null || !IsWellFormed(secret)) return Invalid;
        byte[] hash = Hash(secret);
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        TokenRow? token = await _byHash(db, hash, cancellationToken).ConfigureAwait(false);
        if (token is null || !CryptographicOperations.FixedTimeEquals(token.Hash, hash)) return Invalid;
        if (token.RevokedAt is not null || token.DisabledAt is not null || token.ExpiresAt <= time.GetUtcNow()) return Invalid;
        if (token.SuspendedAt is not null) return AccountService.Suspended;
        lastUse.Record(token.Id);
        return token.ToCaller();
    }

    /// <summary>Whether a token that was verified before still is right, for what goes on after its request.</summary>
    public async Task<bool> IsValidAsync(TokenId id, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await db.ApiTokens
            .Where(t => t.Id == id && t.RevokedAt == null && (t.ExpiresAt == null || t.ExpiresAt > now))
            .Where(t => db.Users.Any(u => u.Id == t.UserId && u.DisabledAt == null))
            .Where(t => db.Accounts.Any(a => a.Id == t.AccountId && a.SuspendedAt == null))
            .AnyAsync(cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>One page of tokens, newest first. Administrators see the account's, others their own.</summary>
    /// <param name="account">The account.</param>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="user">Only this user's, or null for all.</param>
    /// <param name="page">Which page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The page; what was revoked or expired is in it for seven days. Errors: InvalidParameter.</returns>
    public async Task<Result<Page<TokenDetails>>> ListAsync(
        AccountId account, Caller? by, UserId? user, PageRequest page, CancellationToken cancellationToken)
    {
        (NewestFirstCursor? after, CloudLabError? error) = page.Parse();
        TokenId afterId = default;
        if (error is not null || (after is not null && !TokenId.TryParse(after.Value.Id, out afterId)))
            return error ?? new CloudLabError(ErrorCode.InvalidParameter, "the token of the next page is of another list");
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        IQueryable<ApiToken> rows = Visible(db, account, by);
        if (user is { } wanted) rows = rows.Where(t => t.UserId == wanted);
        if (after is { CreatedAt: var createdAt })
            rows = rows.Where(t => t.CreatedAt < createdAt || (t.CreatedAt == createdAt && t.Id < afterId));
        List<TokenDetails> items = await rows
            .OrderByDescending(t => t.CreatedAt)
            .ThenByDescending(t => t.Id)
            .Take(page.Size + 1)
            .Select(TokenDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return page.Cut(items, t => new NewestFirstCursor(t.CreatedAt, t.Id.Value));
    }

    /// <summary>Ends a token: from the commit on it is refused everywhere. Nothing when it has ended.</summary>
    /// <param name="account">The account.</param>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="id">Which token.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The token. Errors: TokenNotFound, Forbidden.</returns>
    public Task<Result<TokenDetails>> RevokeAsync(AccountId account, Caller? by, TokenId id, CancellationToken cancellationToken) =>
        contexts.WriteAsync<Result<TokenDetails>>(
            async (db, ct) =>
            {
                ApiToken? token = await Visible(db, account, by).AsTracking().SingleOrDefaultAsync(t => t.Id == id, ct).ConfigureAwait(false);
                if (token is null) return NotFound(id);
                if (by is not null && token.Role > by.Role)
                    return new CloudLabError(ErrorCode.Forbidden, "the token may do more than the one in use");
                token.Revoke(time.GetUtcMicroseconds());
                return TokenDetails.Of(token);
            },
            cancellationToken);

    /// <summary>The answer for an id that is no token's.</summary>
    public static CloudLabError NotFound(TokenId id) => new(ErrorCode.TokenNotFound, $"there is no token {id}");

    /// <summary>Adds a token to a write transaction.</summary>
    internal static NewToken Add(
        CloudLabDbContext db, User user, string name, Role role, string secret, DateTimeOffset now, DateTimeOffset? expiresAt)
    {
        var token = new ApiToken(user, name, role, Hash(secret), now, expiresAt);
        db.ApiTokens.Add(token);
        return new NewToken(TokenDetails.Of(token), secret);
    }

    private static IQueryable<ApiToken> Visible(CloudLabDbContext db, AccountId account, Caller? by)
    {
        IQueryable<ApiToken> rows = db.ApiTokens.AsNoTracking().Where(t => t.AccountId == account);
        return by is { Role: < Role.Admin, UserId: var own } ? rows.Where(t => t.UserId == own) : rows;
    }

    private static async Task<User> EnsureAdminUserAsync(
        CloudLabDbContext db, AccountId account, DateTimeOffset now, CancellationToken cancellationToken)
    {
        User? admin = await db.Users
            .SingleOrDefaultAsync(u => u.AccountId == account && u.Name == UserService.AdminName, cancellationToken)
            .ConfigureAwait(false);
        if (admin is null)
        {
            admin = new User(account, UserService.AdminName, Role.Admin, now);
            db.Users.Add(admin);
        }

        admin.SetRole(Role.Admin);
        admin.SetDisabled(false, now);
        return admin;
    }

    /// <summary>What is wrong with a token to import; null for nothing, or where none is given.</summary>
    internal static CloudLabError? CheckSecret(string? secret) => secret is null || IsWellFormed(secret)
        ? null
        : new CloudLabError(ErrorCode.InvalidParameter, WellFormed);

    /// <summary>Whether the user has this token, and it is valid.</summary>
    internal static Task<ApiToken?> FindValidAsync(
        CloudLabDbContext db, User user, string secret, DateTimeOffset now, CancellationToken cancellationToken)
    {
        byte[] hash = Hash(secret);
        return db.ApiTokens.SingleOrDefaultAsync(
            t => t.Hash == hash && t.UserId == user.Id && t.RevokedAt == null && (t.ExpiresAt == null || t.ExpiresAt > now),
            cancellationToken);
    }

    /// <summary>Whether anybody has or had this token.</summary>
    internal static Task<bool> IsKnownAsync(CloudLabDbContext db, string secret, CancellationToken cancellationToken)
    {
        byte[] hash = Hash(secret);
        return db.ApiTokens.AnyAsync(t => t.Hash == hash, cancellationToken);
    }

    private static bool IsWellFormed(string secret) =>
        secret.Length is >= MinSecretLength and <= MaxSecretLength && !secret.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
