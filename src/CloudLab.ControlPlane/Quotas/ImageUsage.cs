using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Quotas;

/// <summary>Counts an account's own images.</summary>
internal sealed class ImageUsage : IQuotaUsage
{
    public IReadOnlyList<QuotaName> Names { get; } = [QuotaName.Images];

    public async Task<IReadOnlyList<long>> CountAsync(CloudLabDbContext db, AccountId account, CancellationToken cancellationToken) =>
        [await db.Images.LongCountAsync(i => i.AccountId == account && i.State != ImageState.Deregistered, cancellationToken).ConfigureAwait(false)];
}
