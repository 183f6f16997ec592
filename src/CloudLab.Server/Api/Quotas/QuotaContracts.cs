using CloudLab.ControlPlane.Quotas;

namespace CloudLab.Server.Api.Quotas;

/// <summary>What an account may have and what it has.</summary>
internal sealed record QuotaList
{
    /// <summary>One for each thing that is limited.</summary>
    public required IReadOnlyList<QuotaView> Quotas { get; init; }

    public static QuotaList Of(IReadOnlyList<QuotaUse> quotas) => new() { Quotas = [.. quotas.Select(QuotaView.Of)] };
}

/// <summary>How much of one thing an account may have and has.</summary>
internal sealed record QuotaView
{
    /// <summary>Of what. vCPUs and memory count for instances that run or should run.</summary>
    public required QuotaName Name { get; init; }

    /// <summary>The most; null where there is no limit.</summary>
    /// <example>10000</example>
    public required long? Limit { get; init; }

    /// <summary>Whether the limit is this server's default, not one that was set for the account.</summary>
    /// <example>true</example>
    public required bool Default { get; init; }

    /// <summary>How much the account has.</summary>
    /// <example>3</example>
    public required long Used { get; init; }

    public static QuotaView Of(QuotaUse quota) => new()
    {
        Name = quota.Name,
        Limit = quota.Limit,
        Default = quota.IsDefault,
        Used = quota.Used,
    };
}
