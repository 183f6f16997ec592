using CloudLab.ControlPlane.Identity;
using Microsoft.AspNetCore.Authorization;

namespace CloudLab.Server.Security;

/// <summary>What a route demands of its caller.</summary>
/// <param name="Name">E.g. <c>instances:read</c>.</param>
/// <param name="Role">The least role that has it.</param>
internal sealed record Permission(string Name, Role Role)
{
    public static readonly Permission InstanceTypesRead = new("instance-types:read", Role.Reader);
    public static readonly Permission ImagesRead = new("images:read", Role.Reader);
    public static readonly Permission ImagesBuild = new("images:build", Role.Admin);
    public static readonly Permission InstancesRead = new("instances:read", Role.Reader);
    public static readonly Permission InstancesWrite = new("instances:write", Role.Operator);

    /// <summary>User data may hold secrets of the guest's.</summary>
    public static readonly Permission InstancesUserData = new("instances:user-data", Role.Operator);

    /// <summary>To type into a console is to be root in the guest.</summary>
    public static readonly Permission InstancesConsole = new("instances:console", Role.Operator);

    /// <summary>What the host does, for all accounts together.</summary>
    public static readonly Permission MetricsRead = new("metrics:read", Role.Reader);

    /// <summary>A backup holds every account's data and the server's secrets.</summary>
    public static readonly Permission BackupsCreate = new("backups:create", Role.Admin);

    public AuthorizationPolicy Policy => new AuthorizationPolicyBuilder()
        .RequireAuthenticatedUser()
        .RequireAssertion(context => context.User.Identity is CallerIdentity identity && identity.Caller.Role >= Role)
        .Build();
}
