namespace CloudLab.ControlPlane.Identity;

/// <summary>The owner of resources; every query is limited to one.</summary>
public sealed class Account
{
    public Account(AccountId id, string name, DateTimeOffset createdAt)
    {
        Id = id;
        Name = name;
        CreatedAt = createdAt;
    }

    public AccountId Id { get; private set; }

    /// <summary>Unique.</summary>
    public string Name { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
}
