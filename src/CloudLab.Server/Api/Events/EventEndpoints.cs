using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Events;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api.Events;

internal static class EventEndpoints
{
    private const string LastEventId = "Last-Event-ID";

    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder events = routes.MapGroup("/events").WithTags("Events");
        events.MapGet("/", ListAsync)
            .WithName("ListEvents")
            .WithSummary("Lists events, newest first: who did what to what, when, with what outcome")
            .Requires(Permission.EventsRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        events.MapGet("/stream", StreamAsync)
            .WithName("StreamEvents")
            .WithSummary("Sends events as they happen, as server-sent events")
            .WithDescription("Begins with the next event, or with what came after `Last-Event-ID`. A comment shows every 15 s that the stream lives.")
            .Requires(Permission.EventsRead)
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
            .WithProblems(StatusCodes.Status400BadRequest, StatusCodes.Status429TooManyRequests);
    }

    private static async Task<Results<Ok<EventList>, ProblemResult>> ListAsync(
        [AsParameters] EventFilterQuery query,
        [FromQuery] int? limit,
        [FromQuery] string? nextToken,
        EventService events,
        ClaimsPrincipal user,
        CancellationToken cancellationToken)
    {
        Result<EventFilter> filter = query.ToFilter();
        if (!filter.IsOk) return ProblemResult.From(filter.Error);
        var wanted = new EventQuery { Filter = filter.Value, PageSize = limit ?? EventQuery.DefaultPageSize, NextToken = nextToken };
        Result<Page<EventDetails>> page = await events.ListAsync(user.Caller().AccountId, wanted, cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new EventList { Events = [.. page.Value.Items.Select(EventView.Of)], NextToken = page.Value.NextToken });
    }

    private static async Task<IResult> StreamAsync(
        [AsParameters] EventFilterQuery query, HttpContext context, EventService events, EventStreams streams, EventStream stream)
    {
        AccountId account = context.User.Caller().AccountId;
        Result<EventFilter> filter = query.ToFilter();
        if (!filter.IsOk) return ProblemResult.From(filter.Error);
        string? lastId = context.Request.Headers[LastEventId];
        EventPosition? from = string.IsNullOrEmpty(lastId)
            ? await events.FindEndAsync(context.RequestAborted)
            : await events.FindAsync(account, lastId, context.RequestAborted);
        if (from is null)
            return ProblemResult.From(new CloudLabError(ErrorCode.InvalidParameter, $"{LastEventId} is not the id of an event"));
        using IDisposable? place = streams.TryOpen(account);
        if (place is null)
            return new ProblemResult(
                StatusCodes.Status429TooManyRequests, "too-many-streams", $"an account has at most {EventStreams.MaxPerAccount} streams of events", retryable: true);
        await stream.SendAsync(context, account, BearerTokenHandler.TokenOf(context.Request), filter.Value, from.Value);
        return TypedResults.Empty;
    }
}
