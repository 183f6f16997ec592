using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>API tokens: 256 random bits of which only a hash is stored.</summary>
public sealed class TokenService(IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time)
{
    /// <summary>The shortest secret that <see cref="EnsureAdminAsync"/> takes: 128 bits as hexadecimal digits.</summary>
    public const int MinSecretLength = 32;

    /// <summary>The longest text that is looked at as a token.</summary>
    public const int MaxSecretLength = 256;

    private const string AdminName = "admin";
    private const string Prefix = "cloudlab_";

    /// <summary>A new secret: 256 random bits as base64url after a prefix that secret scanners can find.</summary>
    public static string GenerateSecret() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Makes a token.</summary>
    /// <param name="account">The account it acts on; it exists.</param>
    /// <param name="name">What its holder calls it.</param>
    /// <param name="role">What it may do.</param>
    /// <param name="lifetime">How long it is valid, or null for ever.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    public async Task<NewToken> CreateAsync(
        AccountId account, string name, Role role, TimeSpan? lifetime, CancellationToken cancellationToken)
    {
        string secret = GenerateSecret();
        DateTimeOffset now = time.GetUtcMicroseconds();
        var token = new ApiToken(account, name, role, Hash(secret), now, now + lifetime);
        await contexts.WriteAsync(
            (db, _) =>
            {
                db.ApiTokens.Add(token);
                return Task.FromResult(token);
            },
            cancellationToken).ConfigureAwait(false);
        return new NewToken(token.Id, secret);
    }

    /// <summary>Makes <paramref name="secret"/> the one administrator's token of the account; one it replaces is revoked.</summary>
    /// <exception cref="ArgumentException">The secret is shorter than <see cref="MinSecretLength"/>, too long, or not printable ASCII.</exception>
    public Task EnsureAdminAsync(AccountId account, string secret, CancellationToken cancellationToken)
    {
        if (!IsWellFormed(secret))
        {
            throw new ArgumentException(
                $"a token has {MinSecretLength} to {MaxSecretLength} printable ASCII characters without spaces", nameof(secret));
        }

        byte[] hash = Hash(secret);
        return contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                List<ApiToken> tokens = await db.ApiTokens
                    .Where(t => t.Hash == hash || (t.AccountId == account && t.Name == AdminName && t.RevokedAt == null))
                    .ToListAsync(ct)
                    .ConfigureAwait(false);
                ApiToken? same = tokens.Find(t => t.Hash.AsSpan().SequenceEqual(hash));
                if (same is null) db.ApiTokens.Add(new ApiToken(account, AdminName, Role.Admin, hash, now, expiresAt: null));
                same?.Reinstate();
                foreach (ApiToken other in tokens)
                    if (other != same)
                        other.Revoke(now);
                return account;
            },
            cancellationToken);
    }

    /// <summary>Who holds this token.</summary>
    /// <returns>The caller. Errors: InvalidToken, whatever is wrong with it.</returns>
    /// <remarks>
    /// The row is looked up by hash: timing could at most tell of a hash, not of a token that has it. The comparison
    /// after that takes constant time.
    /// </remarks>
    public async Task<Result<Caller>> VerifyAsync(string? secret, CancellationToken cancellationToken)
    {
        var invalid = new CloudLabError(ErrorCode.InvalidToken, "the API token is not valid");
        if (secret is null || !IsWellFormed(secret)) return invalid;
        byte[] hash = Hash(secret);
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        ApiToken? token = await db.ApiTokens.AsNoTracking()
            .SingleOrDefaultAsync(t => t.Hash == hash, cancellationToken)
            .ConfigureAwait(false);
        if (token is null || !CryptographicOperations.FixedTimeEquals(token.Hash, hash)) return invalid;
        return token.IsValidAt(time.GetUtcNow()) ? new Caller(token.AccountId, token.Id, token.Role) : invalid;
    }

    /// <summary>Ends a token. Nothing when it has ended or is not the account's.</summary>
    public Task RevokeAsync(AccountId account, TokenId id, CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                ApiToken? token = await db.ApiTokens
                    .SingleOrDefaultAsync(t => t.AccountId == account && t.Id == id, ct)
                    .ConfigureAwait(false);
                token?.Revoke(time.GetUtcMicroseconds());
                return account;
            },
            cancellationToken);

    private static bool IsWellFormed(string secret) =>
        secret.Length is >= MinSecretLength and <= MaxSecretLength && !secret.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
