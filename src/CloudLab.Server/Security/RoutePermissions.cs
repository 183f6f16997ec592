namespace CloudLab.Server.Security;

internal static class RoutePermissions
{
    /// <summary>Lets only callers with <paramref name="permission"/> through, and shows it in the route's documentation.</summary>
    public static RouteHandlerBuilder Requires(this RouteHandlerBuilder route, Permission permission) =>
        route.RequireAuthorization(permission.Policy).WithMetadata(permission);
}
