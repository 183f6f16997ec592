using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Quotas;

internal static class QuotaEndpoints
{
    public static void MapQuotas(this IEndpointRouteBuilder routes) => routes.MapGet("/quotas", GetAsync)
        .WithTags("Quotas")
        .WithName("GetQuotas")
        .WithSummary("Shows what the account may have and what it has")
        .WithDescription("What would exceed a quota is refused with `quota-exceeded`. Administrators of the management account set quotas.")
        .Requires(Permission.QuotasRead)
        .WithProblems();

    private static async Task<Results<Ok<QuotaList>, ProblemResult>> GetAsync(
        QuotaService quotas, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<IReadOnlyList<QuotaUse>> found = await quotas.GetAsync(user.Caller().AccountId, cancellationToken);
        return found.IsOk ? TypedResults.Ok(QuotaList.Of(found.Value)) : ProblemResult.From(found.Error);
    }
}
