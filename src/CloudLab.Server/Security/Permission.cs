using CloudLab.ControlPlane.Identity;
using Microsoft.AspNetCore.Authorization;

namespace CloudLab.Server.Security;

/// <summary>What a route demands of its caller.</summary>
/// <param name="Name">E.g. <c>instances:read</c>.</param>
/// <param name="Role">The least role that has it.</param>
/// <param name="IsManagement">Whether only callers of the management account have it.</param>
internal sealed record Permission(string Name, Role Role, bool IsManagement = false)
{
    public static readonly Permission InstanceTypesRead = new("instance-types:read", Role.Viewer);
    public static readonly Permission ImagesRead = new("images:read", Role.Viewer);
    public static readonly Permission ImagesWrite = new("images:write", Role.Operator);

    /// <summary>Built-in images are every account's.</summary>
    public static readonly Permission ImagesBuild = new("images:build", Role.Admin, IsManagement: true);
    public static readonly Permission EventsRead = new("events:read", Role.Viewer);
    public static readonly Permission WebhooksRead = new("webhooks:read", Role.Viewer);
    public static readonly Permission WebhooksWrite = new("webhooks:write", Role.Operator);
    public static readonly Permission InstancesRead = new("instances:read", Role.Viewer);
    public static readonly Permission InstancesWrite = new("instances:write", Role.Operator);

    /// <summary>User data may hold secrets of the guest's.</summary>
    public static readonly Permission InstancesUserData = new("instances:user-data", Role.Operator);

    /// <summary>To type into a console is to be root in the guest.</summary>
    public static readonly Permission InstancesConsole = new("instances:console", Role.Operator);

    /// <summary>What the host does, for all accounts together.</summary>
    public static readonly Permission MetricsRead = new("metrics:read", Role.Viewer, IsManagement: true);

    /// <summary>A backup holds every account's data and the server's secrets.</summary>
    public static readonly Permission BackupsCreate = new("backups:create", Role.Admin, IsManagement: true);

    /// <summary>What everyone may: look at itself.</summary>
    public static readonly Permission Self = new("self:read", Role.Viewer);

    public static readonly Permission QuotasRead = new("quotas:read", Role.Viewer);

    /// <summary>One's own; of the others' in the account only administrators know.</summary>
    public static readonly Permission TokensRead = new("tokens:read", Role.Viewer);
    public static readonly Permission TokensWrite = new("tokens:write", Role.Viewer);
    public static readonly Permission AccessKeysRead = new("access-keys:read", Role.Viewer);
    public static readonly Permission AccessKeysWrite = new("access-keys:write", Role.Viewer);

    public static readonly Permission UsersRead = new("users:read", Role.Admin);
    public static readonly Permission UsersWrite = new("users:write", Role.Admin);

    public static readonly Permission AccountsRead = new("accounts:read", Role.Admin, IsManagement: true);
    public static readonly Permission AccountsWrite = new("accounts:write", Role.Admin, IsManagement: true);
    public static readonly Permission HostsRead = new("hosts:read", Role.Admin, IsManagement: true);

    /// <summary>Who has it, in words.</summary>
    public string Who => Role switch
    {
        Role.Admin => "administrators",
        Role.Operator => "operators and administrators",
        Role.Viewer => "all users",
    } + (IsManagement ? " of the management account" : "");

    /// <summary>Whether what it lets do changes nothing, so that no event tells of it.</summary>
    public bool IsRead => Name.EndsWith(":read", StringComparison.Ordinal);

    /// <summary>Whether the caller may what the route does.</summary>
    public bool IsHeldBy(Caller caller) => caller.Role >= Role && (!IsManagement || caller.IsManagement);

    public AuthorizationPolicy Policy => new AuthorizationPolicyBuilder()
        .RequireAuthenticatedUser()
        .RequireAssertion(context => context.User.Identity is CallerIdentity identity && IsHeldBy(identity.Caller))
        .Build();
}
