using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>Access keys: what S3 clients sign with. A secret is shown once, and rests encrypted.</summary>
/// <remarks>Each request reads the database, so a revoked key is refused at once on every host. Any thread.</remarks>
public sealed class AccessKeyService
{
    /// <summary>How many valid keys a user has at most: enough to give each program its own.</summary>
    public const int MaxPerUser = 100;

    // 240 bits as 40 characters, which is what AWS's clients expect to see.
    private const int SecretBytes = 30;

    private readonly IDbContextFactory<CloudLabDbContext> _contexts;
    private readonly TimeProvider _time;
    private readonly LastUse _lastUse;
    private readonly SecretSeal _seal;

    // Compiled, because every S3 request asks. Per service: a compiled query belongs to one database's model.
    private readonly Func<CloudLabDbContext, AccessKeyId, CancellationToken, Task<AccessKeyRow?>> _find = EF.CompileAsyncQuery(
        (CloudLabDbContext db, AccessKeyId id, CancellationToken _) => db.AccessKeys
            .Where(k => k.Id == id)
            .Join(db.Users, k => k.UserId, u => u.Id, (Key, User) => new { Key, User })
            .Join(db.Accounts, row => row.Key.AccountId, a => a.Id, (row, account) => new AccessKeyRow
            {
                Secret = row.Key.Secret,
                Role = row.Key.Role,
                ExpiresAt = row.Key.ExpiresAt,
                RevokedAt = row.Key.RevokedAt,
                UserId = row.User.Id,
                UserName = row.User.Name,
                UserRole = row.User.Role,
                DisabledAt = row.User.DisabledAt,
                AccountId = account.Id,
                AccountName = account.Name,
                CanonicalUserId = account.CanonicalUserId,
                IsManagement = account.IsManagement,
                SuspendedAt = account.SuspendedAt,
            })
            .SingleOrDefault());

    public AccessKeyService(IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time, LastUse lastUse, MasterKey masterKey)
    {
        _contexts = contexts;
        _time = time;
        _lastUse = lastUse;
        _seal = new SecretSeal(masterKey.Derive("access-keys"));
    }

    /// <summary>Who signs with this key, and its secret to check the signature with.</summary>
    /// <returns>The holder. Errors: InvalidAccessKey (unknown, revoked, expired, or its user disabled), AccountSuspended.</returns>
    /// <exception cref="CryptographicException">The secret does not open: the master key is another, or the row is damaged.</exception>
    public async Task<Result<AccessKeyHolder>> FindAsync(string? accessKeyId, CancellationToken cancellationToken)
    {
        var invalid = new CloudLabError(ErrorCode.InvalidAccessKey, "the access key is unknown, expired or revoked");
        if (!AccessKeyId.TryParse(accessKeyId, out AccessKeyId id)) return invalid;
        await using CloudLabDbContext db = await _contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        AccessKeyRow? found = await _find(db, id, cancellationToken).ConfigureAwait(false);
        if (found is null || found.RevokedAt is not null || found.DisabledAt is not null || found.ExpiresAt <= _time.GetUtcNow()) return invalid;
        if (found.SuspendedAt is not null) return AccountService.Suspended;
        _lastUse.Record(id);
        return found.ToHolder(id, _seal.Open(found.Secret, id.Value));
    }

    /// <summary>Makes a key, or imports one. To import the same key for the same user again changes nothing.</summary>
    /// <param name="account">The user's account.</param>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The key. Errors: InvalidParameter, UserNotFound, Forbidden, NameInUse, QuotaExceeded.</returns>
    public async Task<Result<NewAccessKey>> CreateAsync(
        AccountId account, Caller? by, CreateAccessKey request, CancellationToken cancellationToken)
    {
        if (Check(request) is { } invalid) return invalid;
        AccessKeyId id = request.Id is { } given ? AccessKeyId.Parse(given) : AccessKeyId.New();
        string secret = request.Secret ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));
        return await _contexts.WriteAsync(CreateAsync, cancellationToken).ConfigureAwait(false);

        async Task<Result<NewAccessKey>> CreateAsync(CloudLabDbContext db, CancellationToken ct)
        {
            DateTimeOffset now = _time.GetUtcMicroseconds();
            Result<Delegation> delegation =
                await Delegation.CheckAsync(db, account, by, request.User, request.Role, expiresAt: null, now, ct).ConfigureAwait(false);
            if (!delegation.IsOk) return delegation.Error;
            (User user, Role role, DateTimeOffset? expiresAt) = delegation.Value;
            Account owner = await db.Accounts.SingleAsync(a => a.Id == account, ct).ConfigureAwait(false);
            if (await db.AccessKeys.SingleOrDefaultAsync(k => k.Id == id, ct).ConfigureAwait(false) is { } same)
            {
                bool isRepeated = same.UserId == user.Id && same.RevokedAt is null && same.Role == role && same.ExpiresAt == expiresAt
                    && IsSecret(same, secret);
                return isRepeated
                    ? new NewAccessKey(AccessKeyDetails.Of(same), secret, owner.CanonicalUserId, owner.Name)
                    : new CloudLabError(ErrorCode.NameInUse, $"there is an access key {id} already");
            }

            int valid = await db.AccessKeys.CountAsync(k => k.UserId == user.Id && k.RevokedAt == null, ct).ConfigureAwait(false);
            if (valid >= MaxPerUser)
                return new CloudLabError(ErrorCode.QuotaExceeded, $"user {user.Name} has {MaxPerUser} access keys, which is the most; revoke one");
            var key = new AccessKey(user, id, _seal.Seal(secret, id.Value), role, now, expiresAt);
            db.AccessKeys.Add(key);
            return new NewAccessKey(AccessKeyDetails.Of(key), secret, owner.CanonicalUserId, owner.Name);
        }
    }

    /// <summary>One page of keys, newest first. Administrators see the account's, others their own.</summary>
    /// <param name="account">The account.</param>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="user">Only this user's, or null for all.</param>
    /// <param name="page">Which page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The page. Errors: InvalidParameter.</returns>
    public async Task<Result<Page<AccessKeyDetails>>> ListAsync(
        AccountId account, Caller? by, UserId? user, PageRequest page, CancellationToken cancellationToken)
    {
        (NewestFirstCursor? after, CloudLabError? error) = page.Parse();
        AccessKeyId afterId = default;
        if (error is not null || (after is not null && !AccessKeyId.TryParse(after.Value.Id, out afterId)))
            return error ?? new CloudLabError(ErrorCode.InvalidParameter, "the token of the next page is of another list");
        await using CloudLabDbContext db = await _contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        IQueryable<AccessKey> rows = Visible(db, account, by);
        if (user is { } wanted) rows = rows.Where(k => k.UserId == wanted);
        if (after is { CreatedAt: var createdAt })
            rows = rows.Where(k => k.CreatedAt < createdAt || (k.CreatedAt == createdAt && k.Id < afterId));
        List<AccessKeyDetails> items = await rows
            .OrderByDescending(k => k.CreatedAt)
            .ThenByDescending(k => k.Id)
            .Take(page.Size + 1)
            .Select(AccessKeyDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return page.Cut(items, k => new NewestFirstCursor(k.CreatedAt, k.Id.Value));
    }

    /// <summary>Ends a key: from the commit on it is refused everywhere. Nothing when it has ended.</summary>
    /// <param name="account">The account.</param>
    /// <param name="by">Who asks; null for the operator at the command line.</param>
    /// <param name="id">Which key.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The key. Errors: AccessKeyNotFound, Forbidden.</returns>
    public Task<Result<AccessKeyDetails>> RevokeAsync(AccountId account, Caller? by, string id, CancellationToken cancellationToken) =>
        _contexts.WriteAsync<Result<AccessKeyDetails>>(
            async (db, ct) =>
            {
                AccessKey? key = AccessKeyId.TryParse(id, out AccessKeyId keyId)
                    ? await Visible(db, account, by).AsTracking().SingleOrDefaultAsync(k => k.Id == keyId, ct).ConfigureAwait(false)
                    : null;
                if (key is null) return new CloudLabError(ErrorCode.AccessKeyNotFound, "there is no such access key");
                if (by is not null && key.Role > by.Role)
                    return new CloudLabError(ErrorCode.Forbidden, "the key may do more than the token in use");
                key.Revoke(_time.GetUtcMicroseconds());
                return AccessKeyDetails.Of(key);
            },
            cancellationToken);

    /// <summary>Whether the newest secret opens with this process's master key; true where there is none.</summary>
    public async Task<bool> HasRightMasterKeyAsync(CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await _contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        byte[]? newest = await db.AccessKeys
            .OrderByDescending(k => k.CreatedAt)
            .Select(k => k.Secret)
            .FirstOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        return newest is null || _seal.IsOurs(newest);
    }

    private static IQueryable<AccessKey> Visible(CloudLabDbContext db, AccountId account, Caller? by)
    {
        IQueryable<AccessKey> rows = db.AccessKeys.AsNoTracking().Where(k => k.AccountId == account);
        return by is { Role: < Role.Admin, UserId: var own } ? rows.Where(k => k.UserId == own) : rows;
    }

    private static CloudLabError? Check(CreateAccessKey request)
    {
        if (request.Id is null && request.Secret is null) return null;
        if (request.Id is null || request.Secret is null)
            return new CloudLabError(ErrorCode.InvalidParameter, "a key is imported with its id and its secret");
        if (!AccessKeyId.TryParse(request.Id, out _))
        {
            return new CloudLabError(
                ErrorCode.InvalidParameter, $"an access key id has {AccessKeyId.MinLength} to {AccessKeyId.MaxLength} letters, digits and -_.+=@$");
        }

        return request.Secret.Length is >= CreateAccessKey.MinSecretLength and <= CreateAccessKey.MaxSecretLength
            && !request.Secret.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? null
            : new CloudLabError(
                ErrorCode.InvalidParameter,
                $"a secret has {CreateAccessKey.MinSecretLength} to {CreateAccessKey.MaxSecretLength} printable ASCII characters without spaces");
    }

    private bool IsSecret(AccessKey key, string secret) =>
        CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(_seal.Open(key.Secret, key.Id.Value)), Encoding.UTF8.GetBytes(secret));
}
