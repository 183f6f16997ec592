namespace CloudLab.ControlPlane.Quotas;

/// <summary>How much an account has of what it may have.</summary>
/// <param name="Name">Of what.</param>
/// <param name="Limit">The most, or null where there is no limit.</param>
/// <param name="IsDefault">Whether the limit is the default, not one that was set for the account.</param>
/// <param name="Used">How much it has now.</param>
public sealed record QuotaUse(QuotaName Name, long? Limit, bool IsDefault, long Used);
