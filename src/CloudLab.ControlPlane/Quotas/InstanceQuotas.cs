using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;

namespace CloudLab.ControlPlane.Quotas;

/// <summary>What instances ask of an account's quotas.</summary>
internal static class InstanceQuotas
{
    /// <summary>Of instances that are made and started.</summary>
    /// <returns>Null, or QuotaExceeded.</returns>
    public static Task<CloudLabError?> CheckCreateAsync(
        this QuotaService quotas, CloudLabDbContext db, AccountId account, InstanceType type, int count, CancellationToken cancellationToken) =>
        quotas.CheckAsync(
            db, account, cancellationToken,
            (QuotaName.Instances, count), (QuotaName.Vcpus, (long)count * type.Vcpus), (QuotaName.MemoryBytes, count * type.MemoryBytes));

    /// <summary>How many of at most <paramref name="most"/> the quotas allow. To be asked after <see cref="CheckCreateAsync"/> allowed some.</summary>
    public static async Task<int> FitAsync(
        this QuotaService quotas, CloudLabDbContext db, AccountId account, InstanceType type, int most, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<QuotaName, long> left = await quotas.ReadLeftAsync(db, account, cancellationToken).ConfigureAwait(false);
        long fitting = Math.Min(most, left.GetValueOrDefault(QuotaName.Instances, most));
        fitting = Math.Min(fitting, left.GetValueOrDefault(QuotaName.Vcpus, long.MaxValue) / type.Vcpus);
        return (int)Math.Min(fitting, left.GetValueOrDefault(QuotaName.MemoryBytes, long.MaxValue) / type.MemoryBytes);
    }

    /// <summary>Of an instance that is there and starts again: it is counted as one already.</summary>
    /// <returns>Null, or QuotaExceeded.</returns>
    public static Task<CloudLabError?> CheckStartAsync(
        this QuotaService quotas, CloudLabDbContext db, Instance instance, CancellationToken cancellationToken) =>
        quotas.CheckAsync(
            db, instance.AccountId, cancellationToken, (QuotaName.Vcpus, instance.Vcpus), (QuotaName.MemoryBytes, instance.MemoryBytes));
}
