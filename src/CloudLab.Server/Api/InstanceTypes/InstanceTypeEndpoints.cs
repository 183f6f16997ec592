using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.Server.Api.Common;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.InstanceTypes;

internal static class InstanceTypeEndpoints
{
    public static void MapInstanceTypes(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder types = routes.MapGroup("/instance-types").WithTags("Instance types");
        types.MapGet("/", List)
            .WithName("ListInstanceTypes")
            .WithSummary("Lists the sizes of machine there are")
            .Requires(Permission.InstanceTypesRead)
            .WithProblems();
        types.MapGet("/{name}", Get)
            .WithName("GetInstanceType")
            .WithSummary("Shows one instance type")
            .Requires(Permission.InstanceTypesRead)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static Ok<InstanceTypeList> List(ControlPlaneOptions options) => TypedResults.Ok(new InstanceTypeList
    {
        InstanceTypes = [.. InstanceTypeCatalog.All.Select(type => InstanceTypeView.Of(type, options.Hypervisor.Workers))],
    });

    private static Results<EntityResult<InstanceTypeView>, ProblemResult> Get(string name, ControlPlaneOptions options) =>
        InstanceTypeCatalog.TryFind(name, out InstanceType? type)
            ? Tagged(InstanceTypeView.Of(type, options.Hypervisor.Workers))
            : ProblemResult.From(new CloudLabError(ErrorCode.InstanceTypeNotFound, "there is no instance type of that name"));

    // A type has no row whose version could say that it has changed.
    private static EntityResult<InstanceTypeView> Tagged(InstanceTypeView view) =>
        new(view, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(view.ToString()))[..8]));
}
