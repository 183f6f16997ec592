using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Api.Users;

namespace CloudLab.Server.Api.Accounts;

/// <summary>A request for an account.</summary>
internal sealed record CreateAccountRequest
{
    /// <summary>Unique: 1 to 64 letters, digits and -_.+=,@.</summary>
    /// <example>team-a</example>
    public required string Name { get; init; }

    /// <summary>What its first administrator is called.</summary>
    /// <example>admin</example>
    public string AdminName { get; init; } = UserService.AdminName;

    /// <summary>Its id in S3's owners and grants where it comes from another server: 1 to 64 letters, digits and -_.$. Left out to make one.</summary>
    /// <example>null</example>
    public string? CanonicalUserId { get; init; }
}

/// <summary>An account that was just made, and how to enter it.</summary>
internal sealed record CreateAccountResponse
{
    /// <summary>The account.</summary>
    public required AccountView Account { get; init; }

    /// <summary>Its administrator.</summary>
    public required UserView User { get; init; }

    /// <summary>The id of the administrator's token.</summary>
    /// <example>tok-0123456789abcdef0</example>
    public required string TokenId { get; init; }

    /// <summary>The administrator's token. Shown this once.</summary>
    /// <example>cloudlab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA</example>
    public required string Token { get; init; }

    public static CreateAccountResponse Of(NewAccount created) => new()
    {
        Account = AccountView.Of(created.Account),
        User = UserView.Of(created.Admin),
        TokenId = created.Token.Id.Value,
        Token = created.Token.Secret,
    };
}

/// <summary>One page of accounts.</summary>
internal sealed record AccountList
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<AccountView> Accounts { get; init; }

    /// <summary>Asks for the next page as <c>?nextToken=</c>; null on the last one.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}

/// <summary>The owner of resources. No account sees another's.</summary>
internal sealed record AccountView
{
    /// <summary>The account's id: 12 digits.</summary>
    /// <example>123456789012</example>
    public required string AccountId { get; init; }

    /// <summary>Its name, unique.</summary>
    /// <example>team-a</example>
    public required string Name { get; init; }

    /// <summary>Its id in S3's owners and grants.</summary>
    /// <example>79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be</example>
    public required string CanonicalUserId { get; init; }

    /// <summary>Whether its administrators manage the other accounts. One is: the first.</summary>
    /// <example>false</example>
    public required bool Management { get; init; }

    /// <summary>Whether its tokens and keys are taken.</summary>
    public required AccountState State { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public static AccountView Of(AccountDetails account) => new()
    {
        AccountId = account.Id.Value,
        Name = account.Name,
        CanonicalUserId = account.CanonicalUserId,
        Management = account.IsManagement,
        State = account.SuspendedAt is null ? AccountState.Active : AccountState.Suspended,
        CreatedAt = account.CreatedAt,
    };
}

/// <summary>Whether an account can be used.</summary>
internal enum AccountState
{
    /// <summary>It can.</summary>
    Active,

    /// <summary>Its tokens and keys are refused; what runs goes on.</summary>
    Suspended,
}
