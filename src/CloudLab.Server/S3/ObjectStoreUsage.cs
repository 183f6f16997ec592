using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Storage.Blobs.Objects;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.Server.S3;

/// <summary>Counts an account's buckets, their objects and bytes, for the quotas that the API shows.</summary>
internal sealed class ObjectStoreUsage(ObjectStore store) : IQuotaUsage
{
    public IReadOnlyList<QuotaName> Names { get; } = [QuotaName.Buckets, QuotaName.Objects, QuotaName.ObjectBytes];

    public async Task<IReadOnlyList<long>> CountAsync(CloudLabDbContext db, AccountId account, CancellationToken cancellationToken)
    {
        string? owner = await db.Accounts.Where(a => a.Id == account).Select(a => a.CanonicalUserId).SingleOrDefaultAsync(cancellationToken);
        if (owner is null) return [0, 0, 0];
        StoreUsage usage = store.GetOwnerUsage(owner);
        return [usage.Buckets, usage.Objects, usage.Bytes];
    }
}
