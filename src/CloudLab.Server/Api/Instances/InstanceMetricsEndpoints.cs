using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.Machine;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Instances;

internal static class InstanceMetricsEndpoints
{
    public static void MapInstanceMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/instances/{id}/metrics", GetAsync)
            .WithTags("Instances")
            .WithName("GetInstanceMetrics")
            .WithSummary("Shows what an instance's machine has done: instructions, CPU time, exits and traps")
            .Requires(Permission.InstancesRead)
            .WithProblems(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);

    private static async Task<Results<Ok<InstanceMetricsView>, ProblemResult>> GetAsync(
        string id, InstanceService instances, IInstanceHost host, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<InstanceDetails> instance = InstanceId.TryParse(id, out InstanceId instanceId)
            ? await instances.GetAsync(user.Caller().AccountId, instanceId, cancellationToken)
            : InstanceEndpoints.Invalid<InstanceDetails>(id);
        if (!instance.IsOk) return ProblemResult.From(instance.Error);
        MachineMetrics? metrics = await host.ReadMetricsAsync(instance.Value.Id, cancellationToken);
        if (metrics is not null) return TypedResults.Ok(InstanceMetricsView.Of(metrics));
        return ProblemResult.From(new CloudLabError(
            ErrorCode.IncorrectInstanceState, $"instance {instance.Value.Id} is {EnumText.Of(instance.Value.State)} and has no machine"));
    }
}
