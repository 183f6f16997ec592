namespace CloudLab.ControlPlane.Identity;

/// <summary>Who makes a request, as a verified token says.</summary>
/// <param name="AccountId">The account on whose resources the caller acts.</param>
/// <param name="TokenId">Which token, for the log.</param>
/// <param name="Role">What it may do.</param>
public sealed record Caller(AccountId AccountId, TokenId TokenId, Role Role);
