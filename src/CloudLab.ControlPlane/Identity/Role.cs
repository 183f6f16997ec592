namespace CloudLab.ControlPlane.Identity;

/// <summary>What a user, a token or an access key may do in its account. Each role may do all that those before it may.</summary>
public enum Role
{
    /// <summary>Look at the account's resources.</summary>
    Viewer,

    /// <summary>Change the account's resources and use their consoles.</summary>
    Operator,

    /// <summary>Everything in the account, its users among it; in the management account everything there is.</summary>
    Admin,
}
