using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
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
            .WithDescription("All or none are created. A client token makes the request safe to repeat.")
            .Requires(Permission.InstancesWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status503ServiceUnavailable);
        instances.MapGet("/", ListAsync)
            .WithName("ListInstances")
            .WithSummary("Lists instances, newest first")
            .Requires(Permission.InstancesRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        instances.MapGet("/{id}", GetAsync)
            .WithName("GetInstance")
            .WithSummary("Shows one instance")
            .Requires(Permission.InstancesRead)
            .WithProblems(StatusCodes.Status404NotFound);
        MapChange(instances.MapPost("/{id}/start", StartAsync), "StartInstance", "Starts a stopped instance")
            .WithProblems(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        MapChange(instances.MapPost("/{id}/stop", StopAsync), "StopInstance", "Stops an instance: asks the guest first, then forces")
            .WithProblems(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        MapChange(instances.MapPost("/{id}/reboot", RebootAsync), "RebootInstance", "Reboots an instance: RAM is cleared, the state stays running")
            .WithProblems(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        MapChange(instances.MapDelete("/{id}", TerminateAsync), "TerminateInstance", "Ends an instance for good")
            .WithProblems(StatusCodes.Status404NotFound);
    }

    /// <summary>A path's instance id; what is not in the form of one names no instance.</summary>
    public static Result<TValue> Invalid<TValue>(string id)
        where TValue : class =>
        new CloudLabError(ErrorCode.InstanceNotFound, $"there is no instance {(id.Length <= 64 ? id : id[..64])}");

    private static RouteHandlerBuilder MapChange(RouteHandlerBuilder route, string name, string summary) =>
        route.WithName(name).WithSummary(summary).WithDescription(AnswersAtOnce).Requires(Permission.InstancesWrite);

    private static async Task<Results<Accepted<CreateInstancesResponse>, ProblemResult>> CreateAsync(
        CreateInstancesRequest request, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<IReadOnlyList<InstanceDetails>> created =
            await instances.CreateAsync(user.Caller().AccountId, request.ToCommand(), cancellationToken);
        if (!created.IsOk) return ProblemResult.From(created.Error);
        return TypedResults.Accepted((string?)null, new CreateInstancesResponse { Instances = [.. created.Value.Select(InstanceView.Of)] });
    }

    private static async Task<Results<Ok<InstanceList>, ProblemResult>> ListAsync(
        [AsParameters] ListInstancesQuery query, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<InstanceQuery> wanted = query.ToQuery();
        if (!wanted.IsOk) return ProblemResult.From(wanted.Error);
        Result<Page<InstanceDetails>> page = await instances.ListAsync(user.Caller().AccountId, wanted.Value, cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new InstanceList { Instances = [.. page.Value.Items.Select(InstanceView.Of)], NextToken = page.Value.NextToken });
    }

    private static async Task<Results<Ok<InstanceView>, ProblemResult>> GetAsync(
        string id, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<InstanceDetails> instance = InstanceId.TryParse(id, out InstanceId instanceId)
            ? await instances.GetAsync(user.Caller().AccountId, instanceId, cancellationToken)
            : Invalid<InstanceDetails>(id);
        return instance.IsOk ? TypedResults.Ok(InstanceView.Of(instance.Value)) : ProblemResult.From(instance.Error);
    }

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> StartAsync(
        string id, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        ChangeAsync(id, user, instances.StartAsync, cancellationToken);

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> StopAsync(
        string id, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        ChangeAsync(id, user, instances.StopAsync, cancellationToken);

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> RebootAsync(
        string id, string? clientToken, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        ChangeAsync(id, user, (account, instance, ct) => instances.RebootAsync(account, instance, clientToken, ct), cancellationToken);

    private static Task<Results<Accepted<InstanceChangeView>, ProblemResult>> TerminateAsync(
        string id, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        ChangeAsync(id, user, instances.TerminateAsync, cancellationToken);

    private static async Task<Results<Accepted<InstanceChangeView>, ProblemResult>> ChangeAsync(
        string id,
        ClaimsPrincipal user,
        Func<AccountId, InstanceId, CancellationToken, Task<Result<InstanceChange>>> change,
        CancellationToken cancellationToken)
    {
        Result<InstanceChange> result = InstanceId.TryParse(id, out InstanceId instance)
            ? await change(user.Caller().AccountId, instance, cancellationToken)
            : Invalid<InstanceChange>(id);
        if (!result.IsOk) return ProblemResult.From(result.Error);
        return TypedResults.Accepted($"/v1/instances/{result.Value.Id}", InstanceChangeView.Of(result.Value));
    }
}
