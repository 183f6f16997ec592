namespace CloudLab.ControlPlane.Identity;

/// <summary>An account that was just made.</summary>
/// <param name="Account">The account.</param>
/// <param name="Admin">Its administrator.</param>
/// <param name="Token">The administrator's token.</param>
public sealed record NewAccount(AccountDetails Account, UserDetails Admin, NewToken Token);
