using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Quotas;

/// <summary>A limit that was set for one account; without a row the default holds.</summary>
public sealed class Quota
{
    public Quota(AccountId accountId, QuotaName name, long limit)
    {
        AccountId = accountId;
        Name = name;
        Limit = limit;
    }

    public AccountId AccountId { get; private set; }

    public QuotaName Name { get; private set; }

    /// <summary>0 or more.</summary>
    public long Limit { get; private set; }
}
