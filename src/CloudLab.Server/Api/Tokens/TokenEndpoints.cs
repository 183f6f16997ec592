using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Tokens;

internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder tokens = routes.MapGroup("/tokens").WithTags("Users and tokens");
        tokens.MapPost("/", CreateAsync)
            .WithName("CreateToken")
            .WithSummary("Makes a token")
            .WithDescription("For yourself, or for another user if you are an administrator. It can do no more, and not for longer, than the token in use.")
            .Requires(Permission.TokensWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        tokens.MapGet("/", ListAsync)
            .WithName("ListTokens")
            .WithSummary("Lists tokens, newest first: the account's for administrators, else your own")
            .Requires(Permission.TokensRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        tokens.MapDelete("/{id}", RevokeAsync)
            .WithName("RevokeToken")
            .WithSummary("Ends a token")
            .WithDescription("It is refused from the answer on, on every host; an open console ends within a second.")
            .Requires(Permission.TokensWrite)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<CreateTokenResponse>, ProblemResult>> CreateAsync(
        CreateTokenRequest request, TokenService tokens, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!RequestedUser.TryParse(request.UserId, out UserId? holder)) return ProblemResult.From(RequestedUser.Malformed);
        Caller caller = user.Caller();
        var command = new CreateToken { Name = request.Name, User = holder, Role = request.Role, ExpiresAt = request.ExpiresAt };
        Result<NewToken> created = await tokens.CreateAsync(caller.AccountId, caller, command, cancellationToken);
        if (!created.IsOk) return ProblemResult.From(created.Error);
        return TypedResults.Created((string?)null, CreateTokenResponse.Of(created.Value));
    }

    private static async Task<Results<Ok<TokenList>, ProblemResult>> ListAsync(
        [AsParameters] UserPageQuery query, TokenService tokens, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!query.TryGetUser(out UserId? holder)) return ProblemResult.From(RequestedUser.Malformed);
        Caller caller = user.Caller();
        Result<Page<TokenDetails>> page = await tokens.ListAsync(caller.AccountId, caller, holder, query.ToRequest(), cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new TokenList { Tokens = [.. page.Value.Items.Select(TokenView.Of)], NextToken = page.Value.NextToken });
    }

    private static async Task<Results<Ok<TokenView>, ProblemResult>> RevokeAsync(
        string id, TokenService tokens, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!TokenId.TryParse(id, out TokenId wanted))
            return ProblemResult.From(new CloudLabError(ErrorCode.TokenNotFound, "there is no such token"));
        Caller caller = user.Caller();
        Result<TokenDetails> revoked = await tokens.RevokeAsync(caller.AccountId, caller, wanted, cancellationToken);
        return revoked.IsOk ? TypedResults.Ok(TokenView.Of(revoked.Value)) : ProblemResult.From(revoked.Error);
    }
}
