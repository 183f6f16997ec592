using System.Diagnostics;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.Server.Events;

/// <summary>
/// Makes an event of each request of a known caller that is not just reading, refused ones too. What to write is read
/// from the route; no handler does anything for it.
/// </summary>
/// <remarks>
/// Stands between authentication and authorization, so that it knows the caller and sees what is forbidden. A request
/// that changes rows has its event in the same transaction (<see cref="EventRecorder"/>); for all others it is written
/// before the answer begins.
/// </remarks>
internal sealed partial class ApiCallRecorder(
    RequestDelegate next, EventRecorder recorder, IDbContextFactory<CloudLabDbContext> contexts, ILogger<ApiCallRecorder> logger)
{
    private const int MaxResourceLength = 64;

    public async Task InvokeAsync(HttpContext context)
    {
        if (Find(context) is not { } call)
        {
            await next(context);
            return;
        }

        recorder.Begin(call);
        context.Response.OnStarting(() => RecordRestAsync(context, call));
        try
        {
            await next(context);
        }
        finally
        {
            call.End();
        }
    }

    private static ApiCall? Find(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint || context.User.Identity is not CallerIdentity identity) return null;
        if (endpoint.Metadata.GetMetadata<Permission>() is not { IsRead: false } permission) return null;
        Caller caller = identity.Caller;
        var action = EventAction.Of(permission, endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName);
        string? id = context.Request.RouteValues["id"] as string;
        return new ApiCall
        {
            AccountId = caller.AccountId,
            Actor = caller.TokenId.Value,
            ActorName = caller.UserName,
            SourceAddress = context.Connection.RemoteIpAddress?.ToString(),
            Action = action.Name,
            ResourceType = action.ResourceType,
            // Only what can be an id or a name: the rest is a client's text, which belongs in no event.
            ResourceId = id is { Length: > 0 and <= MaxResourceLength } && !id.AsSpan().ContainsAnyExceptInRange('!', '~') ? id : null,
            RequestId = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier,
        };
    }

    private async Task RecordRestAsync(HttpContext context, ApiCall call)
    {
        int status = context.Response.StatusCode;
        EventOutcome outcome = status switch
        {
            < StatusCodes.Status400BadRequest => EventOutcome.Ok,
            < StatusCodes.Status500InternalServerError => EventOutcome.Refused,
            _ => EventOutcome.Failed,
        };
        // What was committed has its event, whatever became of the answer.
        if (call.IsRecorded) return;
        try
        {
            await recorder.RecordAsync(contexts, call, outcome, ProblemResult.CodeOf(context), CancellationToken.None);
        }
        catch (Exception failure)
        {
            // The database is away: nothing was changed there, and the answer says what the caller needs to know.
            Log.NotRecorded(logger, call.Action, call.RequestId, failure);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "the event of {Action} (request {Request}) could not be written")]
        public static partial void NotRecorded(ILogger logger, string action, string? request, Exception failure);
    }
}
