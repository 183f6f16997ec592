using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Accounts;

internal static class AccountEndpoints
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder accounts = routes.MapGroup("/admin/accounts").WithTags("Administration");
        accounts.MapPost("/", CreateAsync)
            .WithName("CreateAccount")
            .WithSummary("Makes an account with an administrator and a token for it")
            .Requires(Permission.AccountsWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        accounts.MapGet("/", ListAsync)
            .WithName("ListAccounts")
            .WithSummary("Lists accounts, newest first")
            .Requires(Permission.AccountsRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        accounts.MapGet("/{id}", GetAsync)
            .WithName("GetAccount")
            .WithSummary("Shows one account")
            .Requires(Permission.AccountsRead)
            .WithProblems(StatusCodes.Status404NotFound);
        accounts.MapPost("/{id}/suspend", SuspendAsync)
            .WithName("SuspendAccount")
            .WithSummary("Refuses an account's tokens and keys")
            .WithDescription("At once, with 403 `account-suspended`. What runs goes on. Not the management account.")
            .Requires(Permission.AccountsWrite)
            .WithProblems(StatusCodes.Status404NotFound);
        accounts.MapPost("/{id}/resume", ResumeAsync)
            .WithName("ResumeAccount")
            .WithSummary("Ends a suspension")
            .Requires(Permission.AccountsWrite)
            .WithProblems(StatusCodes.Status404NotFound);
        accounts.MapDelete("/{id}", DeleteAsync)
            .WithName("DeleteAccount")
            .WithSummary("Removes an account that has nothing left")
            .WithDescription("Its users, tokens and access keys go with it. Not the management account.")
            .Requires(Permission.AccountsWrite)
            .WithProblems(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    /// <summary>The answer for a path's id that is not in the form of one.</summary>
    public static ProblemResult NotFound() => ProblemResult.From(new CloudLabError(ErrorCode.AccountNotFound, "there is no such account"));

    private static async Task<Results<Created<CreateAccountResponse>, ProblemResult>> CreateAsync(
        CreateAccountRequest request, AccountService accounts, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var command = new CreateAccount { Name = request.Name, AdminName = request.AdminName, CanonicalUserId = request.CanonicalUserId };
        Result<NewAccount> created = await accounts.CreateAsync(user.Caller(), command, cancellationToken);
        if (!created.IsOk) return ProblemResult.From(created.Error);
        return TypedResults.Created($"/v1/admin/accounts/{created.Value.Account.Id}", CreateAccountResponse.Of(created.Value));
    }

    private static async Task<Results<Ok<AccountList>, ProblemResult>> ListAsync(
        [AsParameters] PageQuery query, AccountService accounts, CancellationToken cancellationToken)
    {
        Result<Page<AccountDetails>> page = await accounts.ListAsync(query.ToRequest(), cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new AccountList { Accounts = [.. page.Value.Items.Select(AccountView.Of)], NextToken = page.Value.NextToken });
    }

    private static Task<Results<Ok<AccountView>, ProblemResult>> GetAsync(
        string id, AccountService accounts, CancellationToken cancellationToken) =>
        ShowAsync(id, accounts.GetAsync, cancellationToken);

    private static Task<Results<Ok<AccountView>, ProblemResult>> SuspendAsync(
        string id, AccountService accounts, CancellationToken cancellationToken) =>
        ShowAsync(id, accounts.SuspendAsync, cancellationToken);

    private static Task<Results<Ok<AccountView>, ProblemResult>> ResumeAsync(
        string id, AccountService accounts, CancellationToken cancellationToken) =>
        ShowAsync(id, accounts.ResumeAsync, cancellationToken);

    private static async Task<Results<NoContent, ProblemResult>> DeleteAsync(
        string id, AccountService accounts, CancellationToken cancellationToken)
    {
        if (!AccountId.TryParse(id, out AccountId account)) return NotFound();
        Result<AccountDetails> deleted = await accounts.DeleteAsync(account, cancellationToken);
        return deleted.IsOk ? TypedResults.NoContent() : ProblemResult.From(deleted.Error);
    }

    private static async Task<Results<Ok<AccountView>, ProblemResult>> ShowAsync(
        string id, Func<AccountId, CancellationToken, Task<Result<AccountDetails>>> operation, CancellationToken cancellationToken)
    {
        if (!AccountId.TryParse(id, out AccountId account)) return NotFound();
        Result<AccountDetails> result = await operation(account, cancellationToken);
        return result.IsOk ? TypedResults.Ok(AccountView.Of(result.Value)) : ProblemResult.From(result.Error);
    }
}
