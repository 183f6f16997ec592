namespace CloudLab.ControlPlane.Identity;

/// <summary>What a token may do. Each role may do all that those before it may.</summary>
public enum Role
{
    /// <summary>Look at the account's resources.</summary>
    Reader,

    /// <summary>Change the account's resources and use their consoles.</summary>
    Operator,

    /// <summary>Everything.</summary>
    Admin,
}
