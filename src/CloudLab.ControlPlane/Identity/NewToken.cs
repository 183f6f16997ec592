namespace CloudLab.ControlPlane.Identity;

/// <summary>A token that was just made.</summary>
/// <param name="Id">Its id, for lists and logs.</param>
/// <param name="Secret">The token itself: shown this once.</param>
public sealed record NewToken(TokenId Id, string Secret);
