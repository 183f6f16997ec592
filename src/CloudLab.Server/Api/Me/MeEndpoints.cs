using System.Security.Claims;
using CloudLab.Server.Security;

namespace CloudLab.Server.Api.Me;

internal static class MeEndpoints
{
    public static void MapMe(this IEndpointRouteBuilder routes) => routes.MapGet("/me", (ClaimsPrincipal user) => TypedResults.Ok(MeView.Of(user.Caller())))
        .WithTags("Users and tokens")
        .WithName("GetMe")
        .WithSummary("Shows who the token says you are")
        .Requires(Permission.Self)
        .WithProblems();
}
