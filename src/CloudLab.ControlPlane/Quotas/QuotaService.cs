using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Quotas;

/// <summary>What accounts may have, and what they have. Any thread.</summary>
public sealed class QuotaService(
    IDbContextFactory<CloudLabDbContext> contexts, IEnumerable<IQuotaUsage> usages, ControlPlaneOptions options)
{
    /// <summary>The largest limit that can be set: what JSON numbers carry exactly everywhere (RFC 8259, section 6).</summary>
    public const long MaxLimit = (1L << 53) - 1;

    private readonly IReadOnlyList<IQuotaUsage> _usages = [.. usages];

    /// <summary>The quotas that something counts, in the order of <see cref="QuotaName"/>.</summary>
    public IReadOnlyList<QuotaName> Names => [.. _usages.SelectMany(u => u.Names).Order()];

    /// <summary>Whether the account may have this much more.</summary>
    /// <param name="db">
    /// The write transaction that makes it. Others that ask for the same account wait for it to end, so that two requests
    /// at once do not both get the last place.
    /// </param>
    /// <param name="account">The account.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="demands">How much more of what.</param>
    /// <returns>Null, or QuotaExceeded, AccountNotFound.</returns>
    public async Task<CloudLabError?> CheckAsync(
        CloudLabDbContext db,
        AccountId account,
        CancellationToken cancellationToken,
        params IReadOnlyList<(QuotaName Name, long Amount)> demands)
    {
        if (!await db.LockAccountAsync(account, cancellationToken).ConfigureAwait(false)) return AccountService.NotFound(account);
        Dictionary<QuotaName, long> own = await OwnAsync(db, account, cancellationToken).ConfigureAwait(false);
        foreach (IQuotaUsage usage in _usages)
        {
            (QuotaName Name, long Amount)[] asked =
                [.. demands.Where(d => d.Amount > 0 && usage.Names.Contains(d.Name) && LimitOf(own, d.Name) is not null)];
            if (asked.Length == 0) continue;
            IReadOnlyList<long> counts = await usage.CountAsync(db, account, cancellationToken).ConfigureAwait(false);
            foreach ((QuotaName name, long amount) in asked)
            {
                long used = counts[usage.Names.ToList().IndexOf(name)];
                if (Check(name, LimitOf(own, name), used, amount) is { } exceeded) return exceeded;
            }
        }

        return null;
    }

    /// <summary>How much more of each limited thing the account may have; what is not in it has no limit.</summary>
    internal async Task<IReadOnlyDictionary<QuotaName, long>> ReadLeftAsync(
        CloudLabDbContext db, AccountId account, CancellationToken cancellationToken)
    {
        QuotaUse[] uses = await UseAsync(db, account, cancellationToken).ConfigureAwait(false);
        return uses.Where(use => use.Limit is not null).ToDictionary(use => use.Name, use => Math.Max(0, use.Limit!.Value - use.Used));
    }

    /// <summary>The limit of one thing, for whoever counts it outside the database; null where there is none.</summary>
    public async Task<long?> GetLimitAsync(AccountId account, QuotaName name, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return LimitOf(await OwnAsync(db, account, cancellationToken).ConfigureAwait(false), name);
    }

    /// <summary>Every limit of the account, for whoever counts outside the database; what is not in it has none.</summary>
    public async Task<IReadOnlyDictionary<QuotaName, long>> GetLimitsAsync(AccountId account, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Dictionary<QuotaName, long> own = await OwnAsync(db, account, cancellationToken).ConfigureAwait(false);
        var limits = new Dictionary<QuotaName, long>(options.DefaultQuotas);
        foreach ((QuotaName name, long limit) in own) limits[name] = limit;
        return limits;
    }

    /// <summary>Limits and use of an account.</summary>
    /// <returns>One for each of <see cref="Names"/>. Errors: AccountNotFound.</returns>
    public async Task<Result<IReadOnlyList<QuotaUse>>> GetAsync(AccountId account, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        if (!await db.Accounts.AnyAsync(a => a.Id == account, cancellationToken).ConfigureAwait(false))
            return AccountService.NotFound(account);
        return await UseAsync(db, account, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sets the limits of an account; what is not among them has its default again.</summary>
    /// <remarks>A limit below what the account has takes nothing away: it only refuses more.</remarks>
    /// <returns>Limits and use. Errors: AccountNotFound, InvalidParameter.</returns>
    public async Task<Result<IReadOnlyList<QuotaUse>>> SetAsync(
        AccountId account, IReadOnlyDictionary<QuotaName, long> limits, CancellationToken cancellationToken)
    {
        foreach ((QuotaName name, long limit) in limits)
            if (limit is < 0 or > MaxLimit)
                return new CloudLabError(ErrorCode.InvalidParameter, $"the quota of {EnumText.Of(name)} must be 0 to {MaxLimit}");
        return await contexts.WriteAsync<Result<IReadOnlyList<QuotaUse>>>(
            async (db, ct) =>
            {
                if (!await db.LockAccountAsync(account, ct).ConfigureAwait(false)) return AccountService.NotFound(account);
                await db.Quotas.Where(q => q.AccountId == account).ExecuteDeleteAsync(ct).ConfigureAwait(false);
                db.Quotas.AddRange(limits.Select(l => new Quota(account, l.Key, l.Value)));
                await db.SaveChangesAsync(ct).ConfigureAwait(false);
                return await UseAsync(db, account, ct).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The error of a demand that a limit does not allow, in the words that every quota's has.</summary>
    /// <returns>Null where it does.</returns>
    public static CloudLabError? Check(QuotaName name, long? limit, long used, long amount) =>
        limit is null || used <= limit - amount
            ? null
            : new CloudLabError(
                ErrorCode.QuotaExceeded,
                $"the account's quota of {limit} {Words(name)} does not allow {amount} more: {used} are in use");

    /// <summary>The first thing that the account has some of, e.g. <c>3 instances</c>; null when it has nothing.</summary>
    internal async Task<string?> FindUsedAsync(CloudLabDbContext db, AccountId account, CancellationToken cancellationToken)
    {
        foreach (IQuotaUsage usage in _usages)
        {
            IReadOnlyList<long> counts = await usage.CountAsync(db, account, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < counts.Count; i++)
                if (counts[i] > 0)
                    return $"{counts[i]} {Words(usage.Names[i])}";
        }

        return null;
    }

    private static string Words(QuotaName name) => EnumText.Of(name).Replace('-', ' ');

    private static Task<Dictionary<QuotaName, long>> OwnAsync(
        CloudLabDbContext db, AccountId account, CancellationToken cancellationToken) =>
        db.Quotas.AsNoTracking().Where(q => q.AccountId == account).ToDictionaryAsync(q => q.Name, q => q.Limit, cancellationToken);

    private long? LimitOf(Dictionary<QuotaName, long> own, QuotaName name)
    {
        if (own.TryGetValue(name, out long limit) || options.DefaultQuotas.TryGetValue(name, out limit)) return limit;
        return null;
    }

    private async Task<QuotaUse[]> UseAsync(CloudLabDbContext db, AccountId account, CancellationToken cancellationToken)
    {
        Dictionary<QuotaName, long> own = await OwnAsync(db, account, cancellationToken).ConfigureAwait(false);
        var result = new List<QuotaUse>();
        foreach (IQuotaUsage usage in _usages)
        {
            IReadOnlyList<long> counts = await usage.CountAsync(db, account, cancellationToken).ConfigureAwait(false);
            result.AddRange(usage.Names.Select((name, i) => new QuotaUse(name, LimitOf(own, name), !own.ContainsKey(name), counts[i])));
        }

        return [.. result.OrderBy(use => use.Name)];
    }
}
