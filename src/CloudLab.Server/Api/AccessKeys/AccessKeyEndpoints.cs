using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.AccessKeys;

internal static class AccessKeyEndpoints
{
    public static void MapAccessKeys(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder keys = routes.MapGroup("/access-keys").WithTags("Users and tokens");
        keys.MapPost("/", CreateAsync)
            .WithName("CreateAccessKey")
            .WithSummary("Makes an access key, which signs S3 requests, or imports one")
            .WithDescription(
                "For yourself, or for another user if you are an administrator; without a body for yourself. It can do no more, and not "
                + "for longer, than the token in use. To import the same key again changes nothing.")
            .Requires(Permission.AccessKeysWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        keys.MapGet("/", ListAsync)
            .WithName("ListAccessKeys")
            .WithSummary("Lists access keys, newest first: the account's for administrators, else your own")
            .Requires(Permission.AccessKeysRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        keys.MapDelete("/{id}", RevokeAsync)
            .WithName("RevokeAccessKey")
            .WithSummary("Ends an access key")
            .WithDescription("It is refused from the answer on, on every host.")
            .Requires(Permission.AccessKeysWrite)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<CreateAccessKeyResponse>, ProblemResult>> CreateAsync(
        CreateAccessKeyRequest? request, AccessKeyService keys, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!RequestedUser.TryParse(request?.UserId, out UserId? holder)) return ProblemResult.From(RequestedUser.Malformed);
        Caller caller = user.Caller();
        var command = new CreateAccessKey
        {
            User = holder,
            Role = request?.Role,
            Id = request?.AccessKeyId,
            Secret = request?.SecretAccessKey,
        };
        Result<NewAccessKey> created = await keys.CreateAsync(caller.AccountId, caller, command, cancellationToken);
        if (!created.IsOk) return ProblemResult.From(created.Error);
        return TypedResults.Created((string?)null, CreateAccessKeyResponse.Of(created.Value));
    }

    private static async Task<Results<Ok<AccessKeyList>, ProblemResult>> ListAsync(
        [AsParameters] UserPageQuery query, AccessKeyService keys, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!query.TryGetUser(out UserId? holder)) return ProblemResult.From(RequestedUser.Malformed);
        Caller caller = user.Caller();
        Result<Page<AccessKeyDetails>> page = await keys.ListAsync(caller.AccountId, caller, holder, query.ToRequest(), cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new AccessKeyList { AccessKeys = [.. page.Value.Items.Select(AccessKeyView.Of)], NextToken = page.Value.NextToken });
    }

    private static async Task<Results<Ok<AccessKeyView>, ProblemResult>> RevokeAsync(
        string id, AccessKeyService keys, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Caller caller = user.Caller();
        Result<AccessKeyDetails> revoked = await keys.RevokeAsync(caller.AccountId, caller, id, cancellationToken);
        return revoked.IsOk ? TypedResults.Ok(AccessKeyView.Of(revoked.Value)) : ProblemResult.From(revoked.Error);
    }
}
