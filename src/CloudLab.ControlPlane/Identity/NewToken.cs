namespace CloudLab.ControlPlane.Identity;

/// <summary>A token that was just made.</summary>
/// <param name="Token">What lists show of it.</param>
/// <param name="Secret">The token itself: shown this once.</param>
public sealed record NewToken(TokenDetails Token, string Secret)
{
    /// <summary>Its id, for lists and logs.</summary>
    public TokenId Id => Token.Id;

    /// <summary>Without the secret.</summary>
    public override string ToString() => Token.ToString();
}
