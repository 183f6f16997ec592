using System.Net.WebSockets;
using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.Server.Api.Instances;
using CloudLab.Server.Console;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Consoles;

internal static class ConsoleEndpoints
{
    public static void MapConsoles(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder console = routes.MapGroup("/instances/{id}/console").WithTags("Console");
        console.MapGet("/", ReadAsync)
            .WithName("GetConsoleOutput")
            .WithSummary("Reads what the guest wrote last to its serial console")
            .WithDescription("The last 64 KiB, as the guest wrote them, also of an instance that is stopped or terminated and after a restart of the "
                + "server; a crash of the server can cost the last 30 seconds of it. Empty before the instance ran.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain")
            .Requires(Permission.InstancesRead)
            .WithProblems(StatusCodes.Status404NotFound);
        console.MapPost("/ticket", IssueTicketAsync)
            .WithName("CreateConsoleTicket")
            .WithSummary("Makes a ticket for a browser to open the console")
            .WithDescription("Good once, for 60 seconds, for this instance's console stream only.")
            .Requires(Permission.InstancesConsole)
            .WithProblems(StatusCodes.Status404NotFound);
        console.MapGet("/stream", StreamAsync)
            .WithName("StreamConsole")
            .WithSummary("Joins the serial console over a WebSocket")
            .WithDescription(
                "Binary frames both ways: bytes from and to the guest, the kept output first. Takes a token, or a ticket as ?ticket=. "
                + "Closes with 1000 when the instance is terminated, with 1001 when the server stops and with 1008 when the token ends.")
            .WithMetadata(AcceptsConsoleTicket.Instance)
            .Produces(StatusCodes.Status101SwitchingProtocols)
            .Requires(Permission.InstancesConsole)
            .WithProblems(
                StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status426UpgradeRequired,
                StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Results<FileContentHttpResult, ProblemResult>> ReadAsync(
        string id, InstanceService instances, IInstanceHost host, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<InstanceDetails> instance = await FindAsync(id, instances, user, cancellationToken);
        if (!instance.IsOk) return ProblemResult.From(instance.Error);
        // The guest's bytes as they are: text as a rule, but nobody promises UTF-8.
        return TypedResults.Bytes(await host.ReadConsoleAsync(instance.Value.Id, cancellationToken), "text/plain; charset=utf-8");
    }

    private static async Task<Results<Ok<ConsoleTicketView>, ProblemResult>> IssueTicketAsync(
        string id, InstanceService instances, ConsoleTickets tickets, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<InstanceDetails> instance = await FindAsync(id, instances, user, cancellationToken);
        if (!instance.IsOk) return ProblemResult.From(instance.Error);
        (string ticket, DateTimeOffset expiresAt) = tickets.Issue(instance.Value.Id, user.Caller());
        string url = $"/v1/instances/{instance.Value.Id}/console/stream?ticket={ticket}";
        return TypedResults.Ok(new ConsoleTicketView { Ticket = ticket, ExpiresAt = expiresAt, Url = url });
    }

    private static async Task<IResult> StreamAsync(
        string id, InstanceService instances, ConsoleSessions sessions, HttpContext context, CancellationToken cancellationToken)
    {
        Result<InstanceDetails> instance = await FindAsync(id, instances, context.User, cancellationToken);
        if (!instance.IsOk) return ProblemResult.From(instance.Error);
        if (Refuse(instance.Value, context) is { } refusal) return refusal;
        if (!sessions.TryEnter())
            return new ProblemResult(StatusCodes.Status503ServiceUnavailable, "too-many-consoles", "too many consoles are open", retryable: true);
        try
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await sessions.RunAsync(socket, context.User.Caller(), instance.Value.Id);
            return Results.Empty;
        }
        finally
        {
            sessions.Leave();
        }
    }

    private static ProblemResult? Refuse(InstanceDetails instance, HttpContext context)
    {
        if (!ConsoleOrigin.IsAllowed(context.Request))
            return new(StatusCodes.Status403Forbidden, "origin-not-allowed", "pages of other origins cannot open consoles");
        if (instance.State == InstanceState.Terminated)
            return ProblemResult.From(new CloudLabError(ErrorCode.IncorrectInstanceState, $"instance {instance.Id} is terminated"));
        return context.WebSockets.IsWebSocketRequest
            ? null
            : new(StatusCodes.Status426UpgradeRequired, "upgrade-required", "this is a WebSocket; read the output at …/console instead");
    }

    private static Task<Result<InstanceDetails>> FindAsync(
        string id, InstanceService instances, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        AccountId account = user.Caller().AccountId;
        return InstanceId.TryParse(id, out InstanceId instance)
            ? instances.GetAsync(account, instance, cancellationToken)
            : Task.FromResult(InstanceEndpoints.Invalid<InstanceDetails>(id));
    }
}
