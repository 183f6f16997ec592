namespace CloudLab.ControlPlane.Identity;

/// <summary>Somebody, or a program, that acts in an account by tokens and access keys.</summary>
public sealed class User
{
    private User()
    {
    }

    public User(AccountId accountId, string name, Role role, DateTimeOffset createdAt)
    {
        Id = UserId.New();
        AccountId = accountId;
        Name = name;
        Role = role;
        CreatedAt = createdAt;
    }

    public UserId Id { get; private set; }

    public AccountId AccountId { get; private set; }

    /// <summary>Unique in the account.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The most that its tokens and keys may do.</summary>
    public Role Role { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Since when its tokens and keys are refused, or null.</summary>
    public DateTimeOffset? DisabledAt { get; private set; }

    internal void SetRole(Role role) => Role = role;

    internal void SetDisabled(bool disabled, DateTimeOffset now) => DisabledAt = disabled ? DisabledAt ?? now : null;
}
