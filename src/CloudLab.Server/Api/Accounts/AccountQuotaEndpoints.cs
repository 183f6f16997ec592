using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Server.Api.Quotas;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Accounts;

internal static class AccountQuotaEndpoints
{
    public static void MapAccountQuotas(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder admin = routes.MapGroup("/admin").WithTags("Administration");
        admin.MapGet("/accounts/{id}/quotas", GetAsync)
            .WithName("GetAccountQuotas")
            .WithSummary("Shows what an account may have and what it has")
            .Requires(Permission.AccountsRead)
            .WithProblems(StatusCodes.Status404NotFound);
        admin.MapPut("/accounts/{id}/quotas", SetAsync)
            .WithName("SetAccountQuotas")
            .WithSummary("Sets what an account may have")
            .WithDescription("Replaces what was set before. A limit below what the account has takes nothing away: it only refuses more.")
            .Requires(Permission.AccountsWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        admin.MapGet("/usage", ListAsync)
            .WithName("ListUsage")
            .WithSummary("Shows what each account has, newest account first")
            .Requires(Permission.AccountsRead)
            .WithProblems(StatusCodes.Status400BadRequest);
    }

    private static async Task<Results<Ok<QuotaList>, ProblemResult>> GetAsync(
        string id, QuotaService quotas, CancellationToken cancellationToken)
    {
        if (!AccountId.TryParse(id, out AccountId account)) return AccountEndpoints.NotFound();
        Result<IReadOnlyList<QuotaUse>> found = await quotas.GetAsync(account, cancellationToken);
        return found.IsOk ? TypedResults.Ok(QuotaList.Of(found.Value)) : ProblemResult.From(found.Error);
    }

    private static async Task<Results<Ok<QuotaList>, ProblemResult>> SetAsync(
        string id, SetQuotasRequest request, QuotaService quotas, CancellationToken cancellationToken)
    {
        if (!AccountId.TryParse(id, out AccountId account)) return AccountEndpoints.NotFound();
        Result<IReadOnlyDictionary<QuotaName, long>> limits = request.ToLimits(quotas);
        if (!limits.IsOk) return ProblemResult.From(limits.Error);
        Result<IReadOnlyList<QuotaUse>> set = await quotas.SetAsync(account, limits.Value, cancellationToken);
        return set.IsOk ? TypedResults.Ok(QuotaList.Of(set.Value)) : ProblemResult.From(set.Error);
    }

    private static async Task<Results<Ok<UsageList>, ProblemResult>> ListAsync(
        [AsParameters] PageQuery query, AccountService accounts, QuotaService quotas, CancellationToken cancellationToken)
    {
        Result<Page<AccountDetails>> page = await accounts.ListAsync(query.ToRequest(), cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        var usage = new List<UsageView>();
        foreach (AccountDetails account in page.Value.Items)
        {
            Result<IReadOnlyList<QuotaUse>> used = await quotas.GetAsync(account.Id, cancellationToken);
            // One that was removed since is not there.
            if (used.IsOk) usage.Add(new() { AccountId = account.Id.Value, Name = account.Name, Quotas = QuotaList.Of(used.Value).Quotas });
        }

        return TypedResults.Ok(new UsageList { Accounts = usage, NextToken = page.Value.NextToken });
    }
}
