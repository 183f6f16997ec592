using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.Server.Api.Common;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Instances;

/// <summary>What can be read and changed of an instance beside its state.</summary>
internal static class InstanceAttributeEndpoints
{
    public static void MapInstanceAttributes(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder instance = routes.MapGroup("/instances/{id}").WithTags("Instances");
        MapChange(instance.MapPatch("/", ModifyAsync), "ModifyInstance", "Changes attributes of an instance")
            .WithDescription(
                "A JSON merge patch (RFC 7396): fields that are not there stay as they are, and a tag whose value is null is removed. "
                + "All of the changes are made or none. The type can be changed only while the instance is stopped.");
        MapChange(instance.MapPut("/tags", SetTagsAsync), "SetInstanceTags", "Gives an instance exactly these tags");
        instance.MapDelete("/tags", RemoveTagsAsync)
            .WithName("RemoveInstanceTags")
            .WithSummary("Removes tags from an instance")
            .WithDescription("Those whose keys are given as `key`, which can be repeated; all without. Keys that are not there are no error.")
            .Requires(Permission.InstancesWrite)
            .WithProblems(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        instance.MapGet("/user-data", ReadUserDataAsync)
            .WithName("GetInstanceUserData")
            .WithSummary("Shows what was left for the guest when the instance was created")
            .Requires(Permission.InstancesUserData)
            .WithProblems(StatusCodes.Status404NotFound);
        instance.MapGet("/transitions", ReadTransitionsAsync)
            .WithName("ListInstanceTransitions")
            .WithSummary("Lists how an instance's state changed, newest first")
            .WithDescription($"The last {InstanceTransition.MaxPerInstance} changes, each with its time and reason.")
            .Requires(Permission.InstancesRead)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static RouteHandlerBuilder MapChange(RouteHandlerBuilder route, string name, string summary) =>
        route.WithName(name)
            .WithSummary(summary)
            .Requires(Permission.InstancesWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);

    private static Task<Results<EntityResult<InstanceView>, ProblemResult>> ModifyAsync(
        string id, ModifyInstanceRequest request, IfMatch ifMatch, InstanceAttributeService attributes, ClaimsPrincipal user,
        CancellationToken cancellationToken) =>
        ChangeAsync(
            id,
            user,
            (account, instance) => attributes.ModifyAsync(account, instance, request.ToCommand(), ifMatch.Precondition, cancellationToken));

    private static Task<Results<EntityResult<InstanceView>, ProblemResult>> SetTagsAsync(
        string id, SetTagsRequest request, IfMatch ifMatch, InstanceAttributeService attributes, ClaimsPrincipal user,
        CancellationToken cancellationToken) =>
        ChangeAsync(
            id, user, (account, instance) => attributes.SetTagsAsync(account, instance, request.Tags, ifMatch.Precondition, cancellationToken));

    private static Task<Results<EntityResult<InstanceView>, ProblemResult>> RemoveTagsAsync(
        string id, string[]? key, IfMatch ifMatch, InstanceAttributeService attributes, ClaimsPrincipal user,
        CancellationToken cancellationToken) =>
        ChangeAsync(
            id,
            user,
            (account, instance) => attributes.RemoveTagsAsync(
                account, instance, key is { Length: > 0 } ? key : null, ifMatch.Precondition, cancellationToken));

    private static async Task<Results<Ok<UserDataView>, ProblemResult>> ReadUserDataAsync(
        string id, InstanceAttributeService attributes, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<byte[]> data = InstanceId.TryParse(id, out InstanceId instance)
            ? await attributes.ReadUserDataAsync(user.Caller().AccountId, instance, cancellationToken)
            : InstanceEndpoints.Invalid<byte[]>(id);
        return data.IsOk
            ? TypedResults.Ok(new UserDataView { UserData = data.Value.Length > 0 ? data.Value : null })
            : ProblemResult.From(data.Error);
    }

    private static async Task<Results<Ok<TransitionList>, ProblemResult>> ReadTransitionsAsync(
        string id, InstanceAttributeService attributes, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<IReadOnlyList<TransitionDetails>> transitions = InstanceId.TryParse(id, out InstanceId instance)
            ? await attributes.ReadTransitionsAsync(user.Caller().AccountId, instance, cancellationToken)
            : InstanceEndpoints.Invalid<IReadOnlyList<TransitionDetails>>(id);
        return transitions.IsOk
            ? TypedResults.Ok(new TransitionList { Transitions = [.. transitions.Value.Select(TransitionView.Of)] })
            : ProblemResult.From(transitions.Error);
    }

    private static async Task<Results<EntityResult<InstanceView>, ProblemResult>> ChangeAsync(
        string id, ClaimsPrincipal user, Func<AccountId, InstanceId, Task<Result<InstanceDetails>>> change)
    {
        Result<InstanceDetails> result = InstanceId.TryParse(id, out InstanceId instance)
            ? await change(user.Caller().AccountId, instance)
            : InstanceEndpoints.Invalid<InstanceDetails>(id);
        if (!result.IsOk) return ProblemResult.From(result.Error);
        return new EntityResult<InstanceView>(InstanceView.Of(result.Value), result.Value.Version);
    }
}
