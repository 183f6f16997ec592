using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Users;

internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder users = routes.MapGroup("/users").WithTags("Users and tokens");
        users.MapPost("/", CreateAsync)
            .WithName("CreateUser")
            .WithSummary("Makes a user")
            .WithDescription("A user does nothing by itself: give it a token or an access key.")
            .Requires(Permission.UsersWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        users.MapGet("/", ListAsync)
            .WithName("ListUsers")
            .WithSummary("Lists the account's users, newest first")
            .Requires(Permission.UsersRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        users.MapGet("/{id}", GetAsync)
            .WithName("GetUser")
            .WithSummary("Shows one user")
            .Requires(Permission.UsersRead)
            .WithProblems(StatusCodes.Status404NotFound);
        users.MapPatch("/{id}", ChangeAsync)
            .WithName("ChangeUser")
            .WithSummary("Changes a user's role, disables or enables it")
            .WithDescription("Counts at once, for the tokens and keys there are as well. Nobody changes itself.")
            .Requires(Permission.UsersWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        users.MapDelete("/{id}", DeleteAsync)
            .WithName("DeleteUser")
            .WithSummary("Removes a user with its tokens and access keys")
            .WithDescription("What it made stays: it is the account's. Nobody removes itself.")
            .Requires(Permission.UsersWrite)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<UserView>, ProblemResult>> CreateAsync(
        CreateUserRequest request, UserService users, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Caller caller = user.Caller();
        Result<UserDetails> created = await users.CreateAsync(caller.AccountId, caller, request.Name, request.Role, cancellationToken);
        if (!created.IsOk) return ProblemResult.From(created.Error);
        return TypedResults.Created($"/v1/users/{created.Value.Id}", UserView.Of(created.Value));
    }

    private static async Task<Results<Ok<UserList>, ProblemResult>> ListAsync(
        [AsParameters] PageQuery query, UserService users, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<Page<UserDetails>> page = await users.ListAsync(user.Caller().AccountId, query.ToRequest(), cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new UserList { Users = [.. page.Value.Items.Select(UserView.Of)], NextToken = page.Value.NextToken });
    }

    private static async Task<Results<Ok<UserView>, ProblemResult>> GetAsync(
        string id, UserService users, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!UserId.TryParse(id, out UserId wanted)) return NotFound();
        Result<UserDetails> found = await users.GetAsync(user.Caller().AccountId, wanted, cancellationToken);
        return found.IsOk ? TypedResults.Ok(UserView.Of(found.Value)) : ProblemResult.From(found.Error);
    }

    private static async Task<Results<Ok<UserView>, ProblemResult>> ChangeAsync(
        string id, ChangeUserRequest request, UserService users, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!UserId.TryParse(id, out UserId wanted)) return NotFound();
        Caller caller = user.Caller();
        var change = new UserChange(request.Role, request.Disabled);
        Result<UserDetails> changed = await users.ChangeAsync(caller.AccountId, caller, wanted, change, cancellationToken);
        return changed.IsOk ? TypedResults.Ok(UserView.Of(changed.Value)) : ProblemResult.From(changed.Error);
    }

    private static async Task<Results<NoContent, ProblemResult>> DeleteAsync(
        string id, UserService users, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (!UserId.TryParse(id, out UserId wanted)) return NotFound();
        Caller caller = user.Caller();
        Result<UserDetails> deleted = await users.DeleteAsync(caller.AccountId, caller, wanted, cancellationToken);
        return deleted.IsOk ? TypedResults.NoContent() : ProblemResult.From(deleted.Error);
    }

    private static ProblemResult NotFound() => ProblemResult.From(new CloudLabError(ErrorCode.UserNotFound, "there is no such user"));
}
