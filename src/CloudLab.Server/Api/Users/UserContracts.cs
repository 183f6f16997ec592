using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.Api.Users;

/// <summary>A request for a user.</summary>
internal sealed record CreateUserRequest
{
    /// <summary>Unique in the account: 1 to 64 letters, digits and -_.+=,@.</summary>
    /// <example>ci</example>
    public required string Name { get; init; }

    /// <summary>The most that its tokens and keys may do.</summary>
    public required Role Role { get; init; }
}

/// <summary>A change of a user; what is left out stays.</summary>
internal sealed record ChangeUserRequest
{
    /// <summary>The role from now on, for the tokens and keys there are as well.</summary>
    /// <example>viewer</example>
    public Role? Role { get; init; }

    /// <summary>Whether its tokens and keys are refused.</summary>
    /// <example>true</example>
    public bool? Disabled { get; init; }
}

/// <summary>One page of users.</summary>
internal sealed record UserList
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<UserView> Users { get; init; }

    /// <summary>Asks for the next page as <c>?nextToken=</c>; null on the last one.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}

/// <summary>Somebody, or a program, that acts in an account by tokens and access keys.</summary>
internal sealed record UserView
{
    /// <summary>The user's id.</summary>
    /// <example>usr-0123456789abcdef0</example>
    public required string UserId { get; init; }

    /// <summary>Its name, unique in the account.</summary>
    /// <example>ci</example>
    public required string Name { get; init; }

    /// <summary>The most that its tokens and keys may do.</summary>
    public required Role Role { get; init; }

    /// <summary>Whether its tokens and keys are refused.</summary>
    /// <example>false</example>
    public required bool Disabled { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public static UserView Of(UserDetails user) => new()
    {
        UserId = user.Id.Value,
        Name = user.Name,
        Role = user.Role,
        Disabled = user.DisabledAt is not null,
        CreatedAt = user.CreatedAt,
    };
}
