using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Server.Api.Quotas;

namespace CloudLab.Server.Api.Accounts;

/// <summary>All limits that are set for an account.</summary>
internal sealed record SetQuotasRequest
{
    /// <summary>The most of each thing, 0 to 2^53 − 1, by the name that lists show; what is left out has its default again.</summary>
    /// <example>{"instances": 20, "vcpus": 40, "memory-bytes": 17179869184}</example>
    public required IReadOnlyDictionary<string, long> Limits { get; init; }

    /// <summary>The limits, if this server knows each of them.</summary>
    public Result<IReadOnlyDictionary<QuotaName, long>> ToLimits(QuotaService quotas)
    {
        var limits = new Dictionary<QuotaName, long>();
        foreach ((string text, long limit) in Limits)
        {
            if (!EnumText.TryParse(text, out QuotaName name) || !quotas.Names.Contains(name))
            {
                string known = string.Join(", ", quotas.Names.Select(EnumText.Of));
                return new CloudLabError(ErrorCode.InvalidParameter, $"'{(text.Length <= 64 ? text : text[..64])}' is not a quota; there are {known}");
            }

            limits[name] = limit;
        }

        return limits;
    }
}

/// <summary>One page of accounts with what they have.</summary>
internal sealed record UsageList
{
    /// <summary>Newest account first.</summary>
    public required IReadOnlyList<UsageView> Accounts { get; init; }

    /// <summary>Asks for the next page as <c>?nextToken=</c>; null on the last one.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}

/// <summary>What one account has.</summary>
internal sealed record UsageView
{
    /// <summary>The account's id.</summary>
    /// <example>123456789012</example>
    public required string AccountId { get; init; }

    /// <summary>Its name.</summary>
    /// <example>team-a</example>
    public required string Name { get; init; }

    /// <summary>What it may have and what it has.</summary>
    public required IReadOnlyList<QuotaView> Quotas { get; init; }
}
