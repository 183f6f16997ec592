namespace CloudLab.ControlPlane.Identity;

/// <summary>The owner of resources; every query is limited to one.</summary>
public sealed class Account
{
    private Account()
    {
    }

    public Account(string name, string canonicalUserId, bool isManagement, DateTimeOffset createdAt)
    {
        Id = AccountId.New();
        Name = name;
        CanonicalUserId = canonicalUserId;
        IsManagement = isManagement;
        CreatedAt = createdAt;
    }

    public AccountId Id { get; private set; }

    /// <summary>Unique.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The account's name in S3's owners and grants; unique. See <see cref="Identity.CanonicalUserId"/>.</summary>
    public string CanonicalUserId { get; private set; } = "";

    /// <summary>Whether its administrators manage the other accounts and see the hosts. One account is: the first.</summary>
    public bool IsManagement { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Since when its tokens and keys are refused, or null.</summary>
    public DateTimeOffset? SuspendedAt { get; private set; }

    internal void Suspend(DateTimeOffset now) => SuspendedAt ??= now;

    internal void Resume() => SuspendedAt = null;
}
