using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.Server.Api.Common;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Instances;

internal static class InstanceEndpoints
{
    private const string AnswersAtOnce = "Answers at once with the desired change committed; repeat it at will. Watch the instance's state for the rest.";

    public static void MapInstances(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder instances = routes.MapGroup("/instances").WithTags("Instances");
        instances.MapPost("/", CreateAsync)
            .WithName("CreateInstances")
            .WithSummary("Creates instances and starts them")
            .WithDescription(
                "As many as there is room for, from `minCount` to `maxCount`, or none. A client token makes the request safe to repeat. "
                + "Where no host has room, the answer says what there is room for.")
            .Requires(Permission.InstancesWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status503ServiceUnavailable);
        instances.MapGet("/", ListAsync)
            .WithName("ListInstances")
            .WithSummary("Lists instances, newest first")
            .WithDescription(
                "Filters are query parameters: all must match, any value of each. Values are separated by commas or given by repeating the "
                + "parameter; `*` stands for any text, `?` for one character, and a backslash takes the meaning from what follows. "
                + "Example: `?state=running,pending&tag:Name=web-*`.")
            .WithMetadata(new TakesFilters(HasTags: true))
            .Requires(Permission.InstancesRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        instances.MapGet("/{id}", GetAsync)
            .WithName("GetInstance")
            .WithSummary("Shows one instance")
            .Requires(Permission.InstancesRead)
            .WithProblems(StatusCodes.Status404NotFound);
        MapChange(instances.MapPost("/{id}/start", StartAsync), "StartInstance", "Starts a stopped instance", StatusCodes.Status503ServiceUnavailable);
        MapChange(instances.MapPost("/{id}/stop", StopAsync), "StopInstance", "Stops an instance: asks the guest first, then forces");
        MapChange(
            instances.MapPost("/{id}/reboot", RebootAsync),
            "RebootInstance",
            "Reboots an instance, which stays running: asks the guest to go down first, then forces; RAM is cleared");
        MapChange(instances.MapDelete("/{id}", TerminateAsync), "TerminateInstance", "Ends an instance for good");
    }

    /// <summary>A path's instance id; what is not in the form of one names no instance.</summary>
    public static Result<TValue> Invalid<TValue>(string id)
        where TValue : class =>
        new CloudLabError(ErrorCode.InstanceNotFound, $"there is no instance {(id.Length <= 64 ? id : id[..64])}");

    private static void MapChange(RouteHandlerBuilder route, string name, string summary, params ReadOnlySpan<int> more) =>
        route.WithName(name)
            .WithSummary(summary)
            .WithDescription(AnswersAtOnce)
            .Requires(Permission.InstancesWrite)
            .WithProblems([StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, .. more]);

    private static async Task<Results<Accepted<CreateInstancesResponse>, ProblemResult>> CreateAsync(
        CreateInstancesRequest request, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<CreateInstances> wanted = request.ToCommand();
        if (!wanted.IsOk) return ProblemResult.From(wanted.Error);
        Result<IReadOnlyList<InstanceDetails>> created = await instances.CreateAsync(user.Caller().AccountId, wanted.Value, cancellationToken);
        if (!created.IsOk) return ProblemResult.From(created.Error);
        return TypedResults.Accepted((string?)null, new CreateInstancesResponse { Instances = [.. created.Value.Select(InstanceView.Of)] });
    }

    private static async Task<Results<Ok<InstanceList>, ProblemResult>> ListAsync(
        [AsParameters] ListInstancesQuery query, HttpRequest request, InstanceService instances, ClaimsPrincipal user,
        CancellationToken cancellationToken)
    {
        Result<Page<InstanceDetails>> page = await instances.ListAsync(
            user.Caller().AccountId, ListParameters.Read(request, query.Limit, query.NextToken), cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new InstanceList { Instances = [.. page.Value.Items.Select(InstanceView.Of)], NextToken = page.Value.NextToken });
    }

    private static async Task<Results<EntityResult<InstanceView>, ProblemResult>> GetAsync(
        string id, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<InstanceDetails> instance = InstanceId.TryParse(id, out InstanceId instanceId)
            ? await instances.GetAsync(user.Caller().AccountId, instanceId, cancellationToken)
            : Invalid<InstanceDetails>(id);
        if (!instance.IsOk) return ProblemResult.From(instance.Error);
        return new EntityResult<InstanceView>(InstanceView.Of(instance.Value), instance.Value.Version);
    }

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> StartAsync(
        string id, IfMatch ifMatch, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        ChangeAsync(id, user, (account, instance) => instances.StartAsync(account, instance, ifMatch.Precondition, cancellationToken));

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> StopAsync(
        string id, bool? force, IfMatch ifMatch, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        ChangeAsync(
            id, user, (account, instance) => instances.StopAsync(account, instance, force ?? false, ifMatch.Precondition, cancellationToken));

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> RebootAsync(
        string id, bool? hard, string? clientToken, IfMatch ifMatch, InstanceService instances, ClaimsPrincipal user,
        CancellationToken cancellationToken) =>
        ChangeAsync(
            id,
            user,
            (account, instance) => instances.RebootAsync(account, instance, hard ?? false, clientToken, ifMatch.Precondition, cancellationToken));

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> TerminateAsync(
        string id, IfMatch ifMatch, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        ChangeAsync(id, user, (account, instance) => instances.TerminateAsync(account, instance, ifMatch.Precondition, cancellationToken));

    private static async Task<Results<Accepted<InstanceChangeView>, ProblemResult>> ChangeAsync(
        string id, ClaimsPrincipal user, Func<AccountId, InstanceId, Task<Result<InstanceChange>>> change)
    {
        Result<InstanceChange> result = InstanceId.TryParse(id, out InstanceId instance)
            ? await change(user.Caller().AccountId, instance)
            : Invalid<InstanceChange>(id);
        if (!result.IsOk) return ProblemResult.From(result.Error);
        return TypedResults.Accepted($"/v1/instances/{result.Value.Id}", InstanceChangeView.Of(result.Value));
    }
}
