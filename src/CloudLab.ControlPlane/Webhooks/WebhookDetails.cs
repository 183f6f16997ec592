namespace CloudLab.ControlPlane.Webhooks;

/// <summary>A webhook as its account sees it. The properties mean what those of <see cref="Webhook"/> do.</summary>
public sealed record WebhookDetails(
    WebhookId Id,
    string Url,
    IReadOnlyList<string> Actions,
    WebhookState State,
    int Failures,
    DateTimeOffset? FailingSince,
    DateTimeOffset NextAttemptAt,
    DateTimeOffset? LastDeliveredAt,
    string? LastError,
    long GivenUp,
    DateTimeOffset CreatedAt)
{
    internal static WebhookDetails Of(Webhook webhook) => new(
        webhook.Id,
        webhook.Url,
        webhook.Actions,
        webhook.State,
        webhook.Failures,
        webhook.FailingSince,
        webhook.NextAttemptAt,
        webhook.LastDeliveredAt,
        webhook.LastError,
        webhook.GivenUp,
        webhook.CreatedAt);
}

/// <summary>A webhook that was just made.</summary>
/// <param name="Webhook">The webhook.</param>
/// <param name="Secret">The key of its signatures: shown this once.</param>
public sealed record NewWebhook(WebhookDetails Webhook, string Secret);
