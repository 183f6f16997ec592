using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Webhooks;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Webhooks;

internal static class WebhookEndpoints
{
    private const string Delivery = "Each event is posted as JSON, in order and at least once, with `X-CloudLab-Delivery` (the same for each attempt) and "
        + "`X-CloudLab-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA-256 of `SECONDS.BODY` under the webhook's secret. An answer other than 2xx is "
        + "tried again, ever more rarely, for a day. Redirects are not followed.";

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder webhooks = routes.MapGroup("/webhooks").WithTags("Events");
        webhooks.MapPost("/", CreateAsync)
            .WithName("CreateWebhook")
            .WithSummary("Makes a webhook: what happens from now on is posted to a URL")
            .WithDescription(Delivery)
            .Requires(Permission.WebhooksWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge,
                StatusCodes.Status415UnsupportedMediaType);
        webhooks.MapGet("/", ListAsync)
            .WithName("ListWebhooks")
            .WithSummary("Lists the account's webhooks")
            .Requires(Permission.WebhooksRead)
            .WithProblems();
        webhooks.MapGet("/{id}", GetAsync)
            .WithName("GetWebhook")
            .WithSummary("Shows one webhook and how its deliveries go")
            .Requires(Permission.WebhooksRead)
            .WithProblems(StatusCodes.Status404NotFound);
        webhooks.MapPut("/{id}", ChangeAsync)
            .WithName("ChangeWebhook")
            .WithSummary("Changes a webhook, or enables one again that was disabled")
            .Requires(Permission.WebhooksWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge,
                StatusCodes.Status415UnsupportedMediaType);
        webhooks.MapDelete("/{id}", DeleteAsync)
            .WithName("DeleteWebhook")
            .WithSummary("Ends a webhook")
            .Requires(Permission.WebhooksWrite)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<NewWebhookView>, ProblemResult>> CreateAsync(
        CreateWebhookRequest request, WebhookService webhooks, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<NewWebhook> made = await webhooks.CreateAsync(user.Caller().AccountId, request.Url, request.Actions, cancellationToken);
        if (!made.IsOk) return ProblemResult.From(made.Error);
        var view = new NewWebhookView { Webhook = WebhookView.Of(made.Value.Webhook), Secret = made.Value.Secret };
        return TypedResults.Created($"/v1/webhooks/{made.Value.Webhook.Id}", view);
    }

    private static async Task<Ok<WebhookList>> ListAsync(WebhookService webhooks, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        IReadOnlyList<WebhookDetails> list = await webhooks.ListAsync(user.Caller().AccountId, cancellationToken);
        return TypedResults.Ok(new WebhookList { Webhooks = [.. list.Select(WebhookView.Of)] });
    }

    private static async Task<Results<Ok<WebhookView>, ProblemResult>> GetAsync(
        string id, WebhookService webhooks, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        Answer(await webhooks.GetAsync(user.Caller().AccountId, id, cancellationToken));

    private static async Task<Results<Ok<WebhookView>, ProblemResult>> ChangeAsync(
        string id, ChangeWebhookRequest request, WebhookService webhooks, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        Answer(await webhooks.ChangeAsync(user.Caller().AccountId, id, request.Url, request.Actions, request.Enabled, cancellationToken));

    private static async Task<Results<Ok<WebhookView>, ProblemResult>> DeleteAsync(
        string id, WebhookService webhooks, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        Answer(await webhooks.DeleteAsync(user.Caller().AccountId, id, cancellationToken));

    private static Results<Ok<WebhookView>, ProblemResult> Answer(Result<WebhookDetails> webhook) =>
        webhook.IsOk ? TypedResults.Ok(WebhookView.Of(webhook.Value)) : ProblemResult.From(webhook.Error);
}
