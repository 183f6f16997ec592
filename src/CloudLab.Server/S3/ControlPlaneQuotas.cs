using System.Collections.Concurrent;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3;

/// <summary>The control plane's quotas, kept for some seconds: a new limit may take that long to count.</summary>
internal sealed class ControlPlaneQuotas(QuotaService quotas, AccountService accounts, TimeProvider time) : IS3Quotas
{
    private const int MaxKept = 10_000;

    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (StoreQuota Quota, DateTimeOffset Until)> _kept = new(StringComparer.Ordinal);

    public async ValueTask<StoreQuota> FindAsync(string ownerId, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (_kept.TryGetValue(ownerId, out (StoreQuota Quota, DateTimeOffset Until) kept) && now < kept.Until) return kept.Quota;
        Result<AccountDetails> account = await accounts.GetByCanonicalUserIdAsync(ownerId, cancellationToken);
        // The bucket's owner is gone: what is there can be read and deleted, nothing can be added.
        StoreQuota quota = account.IsOk ? await ReadAsync(account.Value.Id, cancellationToken) : new StoreQuota(0, 0, 0);
        if (_kept.Count >= MaxKept) _kept.Clear();
        _kept[ownerId] = (quota, now + KeptFor);
        return quota;
    }

    private async Task<StoreQuota> ReadAsync(AccountId account, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<QuotaName, long> limits = await quotas.GetLimitsAsync(account, cancellationToken);
        return new StoreQuota(Find(QuotaName.ObjectBytes), Find(QuotaName.Objects), Find(QuotaName.Buckets));

        long? Find(QuotaName name) => limits.TryGetValue(name, out long limit) ? limit : null;
    }
}
