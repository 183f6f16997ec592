using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Hosts;

internal static class HostEndpoints
{
    public static void MapHosts(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder hosts = routes.MapGroup("/admin/hosts").WithTags("Administration");
        hosts.MapGet("/", ListAsync)
            .WithName("ListHosts")
            .WithSummary("Lists hosts by name, with what they have and what is in use")
            .Requires(Permission.HostsRead)
            .WithProblems();
        hosts.MapGet("/{name}", GetAsync)
            .WithName("GetHost")
            .WithSummary("Shows one host")
            .Requires(Permission.HostsRead)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<HostList>> ListAsync(HostDirectory hosts, CancellationToken cancellationToken)
    {
        IReadOnlyList<HostDetails> list = await hosts.ListAsync(cancellationToken);
        return TypedResults.Ok(new HostList { Hosts = [.. list.Select(HostView.Of)] });
    }

    private static async Task<Results<Ok<HostView>, ProblemResult>> GetAsync(
        string name, HostDirectory hosts, CancellationToken cancellationToken)
    {
        Result<HostDetails> host = await hosts.GetAsync(name, cancellationToken);
        return host.IsOk ? TypedResults.Ok(HostView.Of(host.Value)) : ProblemResult.From(host.Error);
    }
}
